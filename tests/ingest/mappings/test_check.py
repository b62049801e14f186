"""Faults of mapping books are named with their place."""

from __future__ import annotations

from typing import Any

import pytest

from domain.kind import Kind
from ingest.mappings.check import check
from ingest.mappings.mapping import MappingBook


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


def test_wrong_spoken_words_are_named_with_their_place(kinds: dict[str, Kind]) -> None:
    spoken = {"every": {"a": "lel"}, "gas_alarm": {"b": "sos"}}
    faults = check(MappingBook.model_validate({"platform": "any", "version": 1, "spoken": spoken}), kinds)

    assert [("spoken", "every", "a", "to"), ("spoken", "gas_alarm", "b", "to")] == [fault.where for fault in faults]


def test_a_kind_that_does_not_exist_is_named(kinds: dict[str, Kind]) -> None:
    model = {"models": ["M"], "kind": "robot", "fields": {}}
    (fault,) = check(MappingBook.model_validate({"platform": "p", "version": 1, "models": [model]}), kinds)

    assert "there is no kind robot" in fault.message


def test_a_wrong_unit_and_a_word_without_a_meaning_are_named_with_their_place(kinds: dict[str, Kind]) -> None:
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
