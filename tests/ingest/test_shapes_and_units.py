"""Shapes, units, words and memories, each on its own: the corners that no reported message has."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from domain import Device, Identity, Reading, RefusalReason
from domain.kind import Kind
from domain.self_tests import LIMIT as TEST_MAX
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.check import check
from ingest.mappings.field_values import Objection
from ingest.mappings.mapping import MappingBook
from ingest.mappings.repeats import DETAILS_MAX, RepeatFilter, SelfTestLimiter
from ingest.mappings.units import number_and_unit, stated_units, to_our_unit, unit_of
from ingest.mappings.value_shapes import flatten
from ingest.mappings.vocabulary import Meaning, Vocabulary, collect_words
from ingest.timestamps import parse_timestamp

WORDS = Vocabulary(
    collect_words([{"danger": ["alarm", "smoke", "报警"], "clear": ["normal"], "fault": ["fault"], "note": ["x"]}])
)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("no alarm", Meaning.CLEAR),
        ("未报警", Meaning.CLEAR),
        ("fault recovered", Meaning.FAULT_OVER),
        ("报警解除", Meaning.CLEAR),
        ("normal recovered", Meaning.CLEAR),
        ("smoke detected", Meaning.DANGER),
        ("检测到报警", Meaning.DANGER),
        ("not normal", Meaning.DANGER),
        ("not armed", None),
        ("no x", None),
        ("未", None),
        ("", None),
        ("something else", None),
    ],
)
def test_a_phrase_is_read_by_its_grammar(text: str, meaning: Meaning | None) -> None:
    word = WORDS.meaning_of(text)
    assert meaning == (word.meaning if word else None)


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ({"a.type": "SMOKE", "a.active": False}, []),
        ({"a.active": True}, [("a", True)]),
        ({"alarms": [{"type": "SMOKE", "active": True}]}, [("alarms", "SMOKE")]),
        ({"a": {}, "b": [], "c": [1, {}]}, [("a", {}), ("b", []), ("c", [1, {}])]),
        ({"x.y": 1}, [("x.y", 1)]),
    ],
)
def test_shapes_become_plain_fields(said: dict[str, Any], becomes: list[tuple[str, object]]) -> None:
    assert becomes == flatten(said)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234,567 L", (1234567, "L")),
        ("1,2,3", None),
        ("1.234.567", None),
        ("1,234.5.6", None),
        ("-3e2", (-300.0, "")),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, number: object) -> None:
    assert number == number_and_unit(text)


def test_what_measures_something_else_is_not_converted() -> None:
    litre = unit_of("L")
    assert litre is not None
    assert (None, None) == (to_our_unit(1, litre, "°C"), to_our_unit(1, litre, "parsec"))


def test_a_unit_is_meant_for_what_it_can_measure() -> None:
    stated = stated_units([("Unit", "L"), ("TempUnit", "F"), ("flat_unit", "3b"), ("n", 1)])
    assert ["F", "L", None] == [stated.unit_for(*each) for each in (("warm", "°C"), ("total", "m³"), ("level", "mm"))]
    assert stated_units([("a", 1)]).unit_for("a", "mm") is None


COVER = Device("cover-1", "manhole", identities=(Identity("zigbee2mqtt", "cover"),))
BUTTON = Device("button-1", "sos_button", identities=(Identity("zigbee2mqtt", "button"),))


@pytest.mark.parametrize(
    ("stated", "temp_c"),
    [
        ({"temperature_unit": "°"}, 50),  # a bare degree sign on a thermometer is degrees Celsius
        ({"temperature_unit": "°F"}, 10),
        ({"outdoor_unit": "°F"}, 50),  # stated for another field
    ],
)
def test_a_cover_that_states_a_unit_is_read_in_it_and_in_no_other_fields_unit(
    listener: Callable[..., Decoder], stated: dict[str, str], temp_c: float
) -> None:
    frame = Frame("zigbee2mqtt/cover", json.dumps({"temperature": 50} | stated).encode(), 1_795_269_600_000, "bulk")

    (reading,) = listener(COVER).decode([frame]).readings
    assert {"temp_c": pytest.approx(temp_c)} == reading.values


def test_a_button_that_says_normal_was_not_pressed_and_is_not_called_off_either(
    listener: Callable[..., Decoder],
) -> None:
    frame = Frame("zigbee2mqtt/button", b'{"action": "normal", "battery": 50}', 1_795_269_600_000, "bulk")

    heard = listener(BUTTON).decode([frame])
    assert ([{"battery_pct": 50}], []) == ([one.values for one in heard.readings], heard.refusals)


@pytest.mark.parametrize(
    ("said", "iso"),
    [
        (20261129055834, "2026-11-29T05:58:34"),
        ("2026年11月29日 05时58分34秒", "2026-11-29T05:58:34"),
        ("29.11.2026 05:58", "2026-11-29T05:58:00"),
        ("2026/13/29 05:58:34", None),
        ("20261329055834", None),
    ],
)
def test_times_as_makers_write_them(said: object, iso: str | None) -> None:
    at = parse_timestamp(said, UTC)
    if iso is None:
        assert at is None or at > 10**13  # a number that is no time of ours
    else:
        assert at == datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp() * 1000


def test_a_word_is_told_once_and_a_field_is_asked_for_once() -> None:
    news = RepeatFilter()
    word = Objection(RefusalReason.BAD_VALUE, "alarm: 'q'", True, "alarm", once=True)
    asked = Objection(RefusalReason.NO_MAPPING, "unread", once=True)
    always = Objection(RefusalReason.BAD_VALUE, "z", True)
    first = [each.danger for each in news.to_report("d", [word, asked, always], 0)]
    again = [each.danger for each in news.to_report("d", [word, asked, always], 1)]
    assert ([True, False, True], [False, True]) == (first, again)


def test_only_so_many_words_are_remembered() -> None:
    news = RepeatFilter()
    assert all(news.is_new("d", str(number), 0) for number in range(DETAILS_MAX + 1))
    assert news.is_new("d", "0", 0)


def test_a_test_has_an_end_and_a_new_one_its_own_time() -> None:
    runs = SelfTestLimiter()

    def at(received: int, **values: Any) -> bool:
        return runs.limit(Reading("d", "gas_alarm", received, received, {"alarm": True, **values})).is_test

    later = TEST_MAX + 1
    assert [True, True, False] == [at(each, test=True) for each in (0, TEST_MAX, later)]
    assert [False, True] == [at(later), at(later + 1, test=True)]


def test_a_mapping_with_a_wrong_unit_or_a_word_of_nothing_is_refused_at_its_place(kinds: dict[str, Kind]) -> None:
    fields = {
        "a": {"to": "volume_m3", "unit": "mm"},
        "b": {"to": "leak", "unit": "L"},
        "c": {"to": "volume_m3", "unit": "L"},
    }
    words = {"every": {"danger": ["x"]}, "manhole": {"flooded": ["y"], "loud": ["z"]}, "ufo": {"danger": ["w"]}}
    about = {
        "platform": "p",
        "version": 1,
        "kinds": {"water_meter": {**fields, "d": {"to": "volume_m3", "unit": "stated"}}},
    }
    faults = check(MappingBook.model_validate({**about, "words": words}), kinds)

    assert [
        ("kinds", "water_meter", "a"),
        ("kinds", "water_meter", "b"),
        ("words", "manhole", "loud"),
        ("words", "ufo"),
    ] == [each.where for each in faults]


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ({"alarms": []}, {}),  # no alarm in the list: nothing of an alarm told before is over
        ({"leak": []}, {}),
        ({"leak": [False, True]}, {"leak": True}),
        ({"leak": [0]}, {"leak": False}),
    ],
)
def test_lists_of_verdicts_are_read_one_by_one_and_an_empty_one_takes_nothing_back(
    listener: Callable[..., Decoder], said: dict[str, Any], values: dict[str, bool]
) -> None:
    device = Device("l", "water_leak", identities=(Identity("thingsboard", "x"),))
    payload = json.dumps({"x": [{"ts": 1_795_269_600_000, "values": said}]}).encode()
    heard = listener(device).decode([Frame("v1/gateway/telemetry", payload, 1_795_269_600_000, "bulk")])

    assert ([values] if values else []) == [one.values for one in heard.readings]
    assert [] == heard.refusals
    assert bool(values) is not bool(heard.events)
