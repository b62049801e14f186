"""The value of an entity by its definition: states, templates, numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.discovery.defined_fields import without_paths
from ingest.mappings.mapping import MappingBook
from tests.ingest.discovery.home_assistant import CONFIG, TOPIC, device, frame, has_danger, smoke_config, values


class Understanding:
    """Kinds and mappings under a short name: a failing example prints its arguments."""

    def __init__(self, kinds: dict[str, Kind], books: list[MappingBook]) -> None:
        self._kinds, self._books = kinds, books

    def __repr__(self) -> str:
        return "Understanding(…)"

    def build_decoder(self, device: Device) -> Decoder:
        made = Decoder(self._kinds, self._books)
        made.device_index = DeviceIndex([device])
        return made


@pytest.fixture(scope="session")
def understanding(kinds: dict[str, Kind], books: list[MappingBook]) -> Understanding:
    return Understanding(kinds, books)


PAIRS = [
    ("ON", "OFF"),
    ("OFF", "ON"),
    ("0", "1"),
    ("2", "0"),
    ("closed", "open"),
    ("false", "true"),
    ("dry", "wet"),
    ("A", "B"),
    ("报警", "正常"),
    ("正常", "报警"),
    ("Alarm!", "quiet."),
    ("3.0", "4.5"),
]
TEMPLATES: list[tuple[str, Callable[[object], object]]] = [
    ("", lambda value: value),
    ("{{ value }}", lambda value: value),
    ("{{ value_json.v }}", lambda value: {"v": value}),
    ("{{ value_json['a'].b }}", lambda value: {"a": {"b": value}}),
    ("{{ value_json.v | default('') | string | trim }}", lambda value: {"v": value, "battery": 80}),
    ("{% if value_json.v is defined %}{{ value_json.v }}{% endif %}", lambda value: {"v": value}),
    ("{{ value_json.l[1] }}", lambda value: {"l": [None, value]}),
]
SPELLINGS: list[Callable[[str], object]] = [
    lambda word: word,
    str.upper,
    str.lower,
    lambda word: f" {word} ",
    lambda word: json.loads(word) if word in ("true", "false", "0", "1", "2", "3.0", "4.5") else word,
]


@given(
    st.sampled_from(PAIRS) | st.tuples(st.text("abcXYZ01ä-", min_size=1, max_size=6), st.text("defQ23é_", min_size=1)),
    st.sampled_from(TEMPLATES),
    st.sampled_from(SPELLINGS),
    st.booleans(),
    st.booleans(),
)
def test_no_pair_of_words_is_ever_inverted_or_ignored(
    understanding: Understanding,
    pair: tuple[str, str],
    written: tuple[str, Callable[[object], object]],
    spelt: Callable[[str], object],
    on: bool,
    same_run: bool,
) -> None:
    template, put = written
    decoder = understanding.build_decoder(device("smoke_alarm"))
    config = frame(CONFIG, smoke_config(pl_on=pair[0], pl_off=pair[1], **({"val_tpl": template} if template else {})))
    message = frame(TOPIC, put(spelt(pair[0] if on else pair[1])))
    result = decoder.decode([config, message]) if same_run else (decoder.decode([config]), decoder.decode([message]))[1]

    value = [each["alarm"] for each in values(result) if "alarm" in each]
    assert (not on) not in value
    assert value == [on] or has_danger(result)


@given(st.text(max_size=8) | st.booleans() | st.integers() | st.none() | st.floats(allow_nan=False))
def test_a_value_that_is_neither_is_never_the_opposite_of_inverted_words(
    understanding: Understanding, other: object
) -> None:
    decoder = understanding.build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(pl_on="off", pl_off="on", val_tpl="{{ value_json.v }}"))])

    result = decoder.decode([frame(TOPIC, {"v": other})])

    word = str(other).strip().lower()
    expected = {"off": [{"alarm": True}], "on": [{"alarm": False}]}.get(word, [])
    assert expected == values(result)
    assert result.readings or result.refusals or result.events


def test_a_number_is_a_word_too(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(payload_on=2, payload_off=0, value_template="{{ value_json.value }}"))])

    result = decoder.decode(
        [frame(TOPIC, {"time": 1, "value": 2.0}), frame(TOPIC, {"value": "0"}), frame(TOPIC, {"battery": 80})]
    )

    assert [{"alarm": True}, {"alarm": False}, {"battery_pct": 80}] == values(result)


@pytest.mark.parametrize(
    ("pair", "reading"), [(("OFF", "ON"), []), (("ON", "OFF"), [{"alarm": True}])], ids=["turned", "usual"]
)
def test_a_template_that_is_not_understood_is_never_replaced_by_a_guess(
    build_decoder: Callable[..., Decoder], pair: tuple[str, str], reading: list[dict[str, Any]]
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(pl_on=pair[0], pl_off=pair[1], val_tpl="{{ states('x') }}"))])

    result = decoder.decode([frame(TOPIC, "ON"), frame(TOPIC, "ON", 1_000)])

    assert reading == values(result)[:1]
    assert [not reading, False] == [refusal.danger for refusal in result.refusals if "understood" in refusal.detail]


def test_the_rest_of_an_object_stays_when_a_definition_reads_a_part_of_it() -> None:
    fields = {"a": {"x": 1, "y": 2}, "b.c": 3, "d": {"e": 4}}

    assert {"a": {"y": 2}, "d": {"e": 4}} == without_paths(fields, [("a", "x"), ("b", "c"), ("q", "r")])
    assert {"a": {"x": 1, "y": 2}, "b.c": 3} == without_paths(fields, [("d", "e")])
