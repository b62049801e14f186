"""Vendor fields become our quantities by data; single values, times, identities and topics."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Identity, RefusalReason
from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mappings.check import check
from ingest.mappings.conversion import NOT_MEASURED, UNLISTED_WORD, ConversionFailure, convert
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import FieldSpec, Plan, compile_plan
from ingest.mqtt.urgent_filters import NATIVE_ALARMS, urgent_filters
from ingest.timestamps import is_plausible, parse_timestamp
from ingest.topics import TopicFilterSet, filter_matches, is_plain_topic_level

SHANGHAI = timezone(timedelta(hours=8))


def kind_of(**quantities: dict[str, Any]) -> Kind:
    named = {name: {"name": {"zh": name, "en": name}, **about} for name, about in quantities.items()}
    about = {"kind": "thing", "name": {"zh": "物", "en": "Thing"}, "urgent": True, "report_every": "1h"}
    return Kind.model_validate({**about, "quantities": named})


THING = kind_of(level={"type": "number"}, on={"type": "bool", "danger": True}, word={"type": "text"})


def spec(field: str, rule: Any = None) -> FieldSpec:
    book = {"platform": "p", "version": 1, "kinds": {"thing": {field: rule}} if rule is not None else {}}
    return compile_plan(THING, [MappingBook.model_validate(book)], "p").specs[field]


@pytest.mark.parametrize(
    ("rule", "said", "value"),
    [
        ("on", "TRUE", True),
        ("on", "0", False),
        ("on", 1, True),
        ("on", 0.0, False),
        ({"to": "on", "invert": True}, False, True),
        ({"to": "on", "words": {"leak": True, "1": True, "true": True}}, " Leak ", True),
        ({"to": "on", "words": {"leak": True, "1": True, "true": True}}, True, True),
        ({"to": "on", "words": {"x": True}, "otherwise": "absent"}, "y", UNLISTED_WORD),
        ({"to": "on", "words": {"x": None}, "otherwise": True}, "X", NOT_MEASURED),
        ({"to": "on", "words": {"0": False}, "otherwise": True}, 17, True),
        ({"to": "on", "bit": 1}, 2, True),
        ({"to": "on", "bit": 5}, "0x1F", False),
        ("on", "Alarm", True),
        ("on", "normal", False),
        ({"to": "level", "scale": 0.001}, 3015, 3.015),
        ({"to": "level", "offset": -40}, 60, 20),
        ({"to": "level", "text_number": True}, "1700 mm", 1700),
        ({"to": "level", "text_number": True}, 3.5, 3.5),
        ({"to": "level", "absent": [-1, "null"]}, "null", NOT_MEASURED),
        ({"to": "level", "absent": [-1]}, -1.0, NOT_MEASURED),
        ({"to": "level", "absent": [-1]}, 7, 7),
        ("level", None, NOT_MEASURED),
        ("word", "leak", "leak"),
    ],
)
def test_a_rule_gives_this_value(rule: Any, said: object, value: object) -> None:
    assert value == convert(spec("field", rule), said)


@pytest.mark.parametrize(
    ("field", "said", "problem"),
    [
        ("on", 2, "int 2 is neither true nor false"),
        ("on", "maybe", "str 'maybe' is neither true nor false"),
        ("on", [], "list [] is neither true nor false"),
        ("level", True, "bool True is not a number"),
        ("level", "3", "str '3' is not a number"),
        ("level", float("inf"), "inf is not a finite number"),
        ("level", float("nan"), "nan is not a finite number"),
        ("level", 2**64, "a whole number of more than 64 bits"),
        ("word", 3, "int 3 is not text"),
    ],
)
def test_a_value_of_the_wrong_sort_is_a_problem_that_says_so(field: str, said: object, problem: str) -> None:
    assert ConversionFailure(problem) == convert(spec(field), said)


@pytest.mark.parametrize("said", ["x", 1.5, True, None, [1]])
def test_what_is_no_whole_number_has_no_bits(said: object) -> None:
    found = convert(spec("f", {"to": "on", "bit": 0}), said)
    assert found is NOT_MEASURED if said is None else isinstance(found, ConversionFailure)


@pytest.mark.parametrize("said", [3, "3", "3 parsec", "3 L", "x mm", float("nan")])
def test_a_length_without_a_unit_that_measures_lengths_is_a_problem(said: object) -> None:
    rule = {"to": "depth", "text_number": True, "unit": "stated"}
    book = {"platform": "p", "version": 1, "kinds": {"thing": {"field": rule}}}
    deep = kind_of(depth={"type": "number", "unit": "mm"})
    measured = compile_plan(deep, [MappingBook.model_validate(book)], "p").specs["field"]

    assert isinstance(convert(measured, said), ConversionFailure)
    assert isinstance(convert(measured, said, "L"), ConversionFailure)


def test_a_word_nobody_listed_is_a_problem() -> None:
    assert ConversionFailure("'y' is not a word we know here") == convert(
        spec("f", {"to": "on", "words": {"x": True}}), "y"
    )


@pytest.mark.parametrize("said", ["", "mm", "+-3"])
def test_text_without_a_number_is_a_problem(said: str) -> None:
    assert isinstance(convert(spec("f", {"to": "level", "text_number": True}), said), ConversionFailure)


@given(st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_out_exactly_as_it_went_in(number: float) -> None:
    out = convert(spec("level"), number)
    assert (type(number), number) == (type(out), out)


def test_the_more_special_a_rule_the_more_it_counts() -> None:
    model = {"models": ["M1"], "kind": "thing", "fields": {"f": {"to": "level", "scale": 3}}}
    books = [
        MappingBook.model_validate(book)
        for book in (
            {"platform": "p", "version": 1, "fields": {"f": "ignore", "g": "absent_here"}, "models": [model]},
            {"platform": "any", "version": 1, "kinds": {"thing": {"f": "word"}, "other": {"f": "level"}}},
        )
    ]
    plain, special = compile_plan(THING, books, "p").specs, compile_plan(THING, books, "p", "M1").specs

    assert (True, True, 3) == (plain["f"].ignored, plain["g"].ignored, convert(special["f"], 1))
    assert "word" == compile_plan(THING, books, "q").specs["f"].quantity


def test_one_field_may_say_several_things_and_those_that_a_kind_has_not_are_left_away() -> None:
    rules = [{"to": "on", "words": {"1": True}, "otherwise": False}, "level", {"to": "elsewhere", "bit": 2}]
    whole = spec("code", rules)

    assert [("on", True), ("level", 1)] == [(each.quantity, convert(each, 1)) for each in (whole, *whole.others)]
    assert ((), True) == (whole.types, spec("code", ["elsewhere", "ignore"]).ignored)


def plan_of(platform: str, **spoken: Any) -> Plan:
    every = {"a quiet word": "level", "loud": "level", "nobody": "elsewhere"}
    book = {"platform": "any", "version": 1, "spoken": {"every": every, "thing": {"Loud Word": "on"}, **spoken}}
    return compile_plan(THING, [MappingBook.model_validate(book)], platform)


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("loudWord", "on"),
        ("LOUD_WORD", "on"),
        ("status.loud-word", "on"),
        ("loudWord.value", "on"),
        ("a.loud.word", "on"),
        ("Kitchen/Loud Word", "on"),
        ("A quiet word", "level"),
        ("data.LEVEL", None),
        ("Level", "level"),
        ("battery.on", None),
        ("Kitchen/quiet", None),
        ("Kitchen/aQuietWord", None),
        ("Kitchen/on", None),
        ("nobody", None),
        ("", None),
    ],
)
def test_a_field_that_no_table_names_is_understood_by_its_words(name: str, quantity: str | None) -> None:
    assert quantity == next((each.quantity for each in plan_of("q").specs_for(name)), None)


def test_where_words_are_fixed_nothing_is_understood_by_its_spelling() -> None:
    assert ((), "on") == (plan_of("native").specs_for("loudWord"), plan_of("native").specs_for("on")[0].quantity)


def test_a_hidden_absent_value_inside_the_range_does_not_pass_unseen() -> None:
    assert () == spec("f", {"to": "level", "absent": [0]}).types
    assert (float, int) == spec("f", {"to": "level", "absent": ["null"]}).types


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        (1767225600, 1767225600000),
        (1767225600.5, 1767225600500),
        (1767225600123, 1767225600123),
        (1767225600123456, 1767225600123),
        ("1767225600", 1767225600000),
        ("1767225600.25", 1767225600250),
        ("2026-01-01T00:00:00Z", 1767225600000),
        ("2026-01-01 08:00:00", 1767225600000),
        ("20260101", 1767225600000 - 8 * 3_600_000),
        ("20260101T000000Z", 1767225600000),
        ("2022-07-18T09:34:15.775023242+00:00", 1658136855775),
        (10**17, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ([], None),
        ("", None),
        ("9" * 400, None),
        ("tomorrow", None),
        ("0001-01-01T00:00:00", -62135596800000 - 8 * 3_600_000),
    ],
)
def test_a_time_is_told_by_its_magnitude_or_its_text(said: object, instant: int | None) -> None:
    assert instant == parse_timestamp(said, SHANGHAI)


@pytest.mark.parametrize(("at", "sane"), [(0, True), (120_000, True), (120_001, False), (-400 * 86_400_000 - 1, False)])
def test_a_clock_is_sane_for_four_hundred_days_back_and_two_minutes_ahead(at: int, sane: bool) -> None:
    assert sane is is_plausible(1767225600000 + at, 1767225600000)


def test_a_device_is_found_by_any_of_its_names() -> None:
    names = (Identity("chirpstack", "0101010101ABCDEF"), Identity("zigbee2mqtt", "3栋/402"), Identity("native", "old"))
    device = Device("d", "door", identities=names)
    directory = DeviceIndex([device])

    assert 1 == len(directory)
    assert device is directory.find("native", "d") is directory.find("native", "old")
    assert device is directory.find("chirpstack", "0101010101abcdef") is directory.find("zigbee2mqtt", "3栋/402")
    assert device is directory.find("zigbee2mqtt", "renamed", ("nobody", "3栋/402"))
    assert directory.find("zigbee2mqtt", "3栋") is directory.find("tts", "d") is None
    assert directory.find("zigbee2mqtt", "renamed", ("nobody",)) is None


@pytest.mark.parametrize(
    ("pattern", "topic", "covered"),
    [
        ("a/b", "a/b", True),
        ("a/+/c", "a/b/c", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("a/#", "a/b/c", True),
        ("#", "a", True),
        ("+/x", "$SYS/x", False),
        ("$oc/#", "$oc/x", True),
        ("/+/+/properties/report", "/p/d/properties/report", True),
        ("a/+/b/+/c", "a/1/b/2/c", True),
        ("a/+/b/+/c", "a/1/b/2/d", False),
    ],
)
def test_a_filter_covers_a_topic(pattern: str, topic: str, covered: bool) -> None:
    assert covered is filter_matches(pattern, topic) is (topic in TopicFilterSet([pattern]))


LEVELS = st.lists(st.sampled_from(["a", "b", "+", "x y", ""]), min_size=1, max_size=5).map("/".join)


@given(st.lists(LEVELS, max_size=4), LEVELS.filter(lambda topic: "+" not in topic))
def test_a_cover_says_what_its_filters_say(patterns: list[str], topic: str) -> None:
    assert any(filter_matches(pattern, topic) for pattern in patterns) is (topic in TopicFilterSet(patterns))


def test_a_name_with_wildcards_is_no_topic_of_its_own() -> None:
    assert [False, False, False, True] == [is_plain_topic_level(name) for name in ("", "a+", "#", "3栋/402")]


def test_urgent_devices_with_their_own_topic_are_heard_apart_up_to_the_limit(kinds: dict[str, Kind]) -> None:
    devices = [
        Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "厨房 1"), Identity("shelly", "x"))),
        Device("gas-2", "gas_alarm", identities=(Identity("chirpstack", "ABCD"), Identity("zigbee2mqtt", "a#"))),
        Device("gas-3", "gas_alarm", identities=(Identity("tts", "0004A30B001C0530"), Identity("tts", "dev1"))),
        Device("door-1", "door", identities=(Identity("zigbee2mqtt", "Door"),)),
        Device("thing", "robot", identities=(Identity("zigbee2mqtt", "Robot"),)),
    ]
    everything = urgent_filters(devices, kinds, 9)
    own = ("zigbee2mqtt/厨房 1", "application/+/device/abcd/event/up", "v3/+/devices/dev1/up")
    assert (NATIVE_ALARMS, *own) == everything.filters
    assert ((NATIVE_ALARMS, "zigbee2mqtt/厨房 1"), 2) == (
        urgent_filters(devices, kinds, 2).filters,
        urgent_filters(devices, kinds, 2).omitted,
    )


def test_what_a_message_looks_like_is_the_one_kind_that_knows_most_of_it(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    suspicion = DangerDetector(kinds, books)
    assert "gas_alarm" == suspicion.guess_kind("native", {"alarm": True, "lel_pct": 3, "zzz": 1})
    assert suspicion.guess_kind("native", {"alarm": True}) is suspicion.guess_kind("native", {"zzz": 1}) is None


def test_without_any_danger_in_any_kind_nothing_is_suspicious() -> None:
    quiet = kind_of(level={"type": "number"})
    frame = Frame("zigbee2mqtt/x", b'{"alarm": true', 0, "bulk")
    assert not DangerDetector({"thing": quiet}, []).in_unreadable(frame, RefusalReason.BAD_PAYLOAD)


def test_our_own_mapping_books_are_right(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    assert {"any", "chirpstack", "zigbee2mqtt"} <= {book.platform for book in books}
    assert [] == [fault for book in books for fault in check(book, kinds)]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "it becomes nothing"),
        ("lel", "gas_alarm has no quantity lel: write one of alarm"),
        ({"to": "alarm", "words": {"x": 1}}, "alarm is a bool: the word 'x' must become one"),
        ({"to": "alarm", "scale": 2}, "only a number has scale"),
        ({"to": "alarm", "largest": True}, "only a number has scale, offset, text_number, largest and unit"),
        ({"to": "lel_pct", "invert": True}, "only a bool can be inverted"),
        ([{"to": "lel_pct", "bit": 1}], "only a bool can be inverted, be a bit, or be yes or no otherwise"),
        ({"to": "lel_pct", "words": {"x": None}, "otherwise": True}, "be yes or no otherwise"),
    ],
)
def test_a_wrong_rule_is_named_with_its_place(rule: Any, message: str, kinds: dict[str, Kind]) -> None:
    about = {"platform": "p", "version": 1, "kinds": {"gas_alarm": {"f": rule, "g": "ignore"}}}
    (fault,) = check(MappingBook.model_validate(about), kinds)

    named = ("to",) if rule == "lel" else ()
    assert ("kinds", "gas_alarm", "f", *named) == fault.where
    assert message in fault.message


def test_a_book_holds_for_the_platforms_that_say_the_same_too(kinds: dict[str, Kind]) -> None:
    book = MappingBook.model_validate({"platform": "p", "also": ["q"], "version": 1, "fields": {"t": "temp_c"}})

    plans = [compile_plan(kinds["door"], [book], platform) for platform in ("p", "q", "r")]
    assert [True, True, False] == ["t" in plan.specs for plan in plans]


def test_wrong_spoken_words_are_named_with_their_place(kinds: dict[str, Kind]) -> None:
    spoken = {"every": {"a": "lel"}, "gas_alarm": {"b": "sos"}}
    faults = check(MappingBook.model_validate({"platform": "any", "version": 1, "spoken": spoken}), kinds)

    assert [("spoken", "every", "a", "to"), ("spoken", "gas_alarm", "b", "to")] == [fault.where for fault in faults]


def test_a_kind_that_does_not_exist_is_named(kinds: dict[str, Kind]) -> None:
    model = {"models": ["M"], "kind": "robot", "fields": {}}
    (fault,) = check(MappingBook.model_validate({"platform": "p", "version": 1, "models": [model]}), kinds)

    assert "there is no kind robot" in fault.message


def test_a_shelly_is_found_in_either_case() -> None:
    plug = Device("plug", "gas_alarm", identities=(Identity("shelly", "shellygas-10521CF29E99"),))

    assert plug is DeviceIndex([plug]).find("shelly", "shellygas-10521cf29e99")
