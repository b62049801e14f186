"""Conditions of ladders and extra recipients, and whether two of them may hold at once."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alerts.escalation.conditions import Circumstances, Conditions, has_attributes, is_within
from domain import Person

ELDER = Person("e", "赵", attributes={"age": 82, "lives_alone": True, "care_class": "残疾", "note": "n/a"})
NIGHT = Circumstances("gas", frozenset({"gas-alarm"}), frozenset({"household", "户"}), 23 * 60, 5, lambda: (ELDER,))


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"hazards": ["fire", "gas"]}, True),
        ({"hazards": ["fire"]}, False),
        ({"rules": ["gas-alarm"]}, True),
        ({"rules": ["gas-high"]}, False),
        ({"places": ["户"]}, True),
        ({"places": ["facility"]}, False),
        ({"hours": ["22:00-06:00"]}, True),
        ({"hours": ["06:00-22:00"]}, False),
        ({"person": {"age": ">=80", "lives_alone": True}}, True),
        ({"person": {"age": "<80"}}, False),
        ({"hazards": ["gas"], "hours": ["06:00-22:00"]}, False),
        ({"vulnerability": 5}, True),
        ({"vulnerability": 6}, False),
    ],
)
def test_all_conditions_that_are_given_must_hold(fields: dict[str, Any], holds: bool) -> None:
    assert Conditions.model_validate(fields).match(NIGHT) is holds


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        ({"care_class": ("残疾", "失能")}, True),
        ({"care_class": ("孤儿",)}, False),
        ({"age": "82"}, True),
        ({"age": "> 81.5"}, True),
        ({"age": "<=81"}, False),
        ({"note": ">=1"}, False),
        ({"weight": "<80"}, False),
        ({"weight": 80}, False),
        ({"dementia": False}, True),
        ({"lives_alone": False}, False),
    ],
)
def test_attributes_of_a_person(wanted: dict[str, Any], has: bool) -> None:
    assert has_attributes(ELDER, wanted) is has


@pytest.mark.parametrize(
    ("own", "other", "overlap"),
    [
        ({}, {"hazards": ["gas"]}, True),
        ({"hazards": ["gas"]}, {"hazards": ["fire"]}, False),
        ({"hazards": ["gas", "fire"]}, {"hazards": ["fire"]}, True),
        ({"rules": ["a"]}, {"rules": ["b"]}, False),
        ({"hours": ["08:00-20:00"]}, {"hours": ["20:00-08:00"]}, False),
        ({"hours": ["08:00-20:00"]}, {"hours": ["19:00-21:00"]}, True),
        ({"person": {"lives_alone": True}}, {"person": {"lives_alone": False}}, False),
        ({"person": {"care_class": ["a", "b"]}}, {"person": {"care_class": "b"}}, True),
        ({"person": {"age": ">=80"}}, {"person": {"age": "<80"}}, True),
        ({"person": {"age": ">=80"}}, {"person": {"dementia": True}}, True),
    ],
)
def test_conditions_that_exclude_each_other(own: dict[str, Any], other: dict[str, Any], overlap: bool) -> None:
    """Bounds of numbers are not compared: they are reported as a possible overlap."""
    first, second = Conditions.model_validate(own), Conditions.model_validate(other)
    assert first.overlap(second) is second.overlap(first) is overlap


@pytest.mark.parametrize("hours", ["8:00-20:00", "22:00", "24:00-08:00", "20:00-24:30"])
def test_a_span_that_is_no_span_is_refused(hours: str) -> None:
    with pytest.raises(ValidationError, match="write 22:00-06:00"):
        Conditions(hours=(hours,))


def test_a_span_ends_before_its_end() -> None:
    assert [is_within("08:00-09:00", minute) for minute in (479, 480, 539, 540)] == [False, True, True, False]
