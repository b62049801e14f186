"""Which attributes of a person a helper is given, and whom a text names first."""

from __future__ import annotations

from typing import Any

import pytest

from domain import Person
from domain.care import CARE, in_words, matters, neediest, vulnerability

ELDER = Person("e", "王奶奶", attributes={"age": 84, "lives_alone": True, "mobility": "", "hearing": False})
SON = Person("s", "王强", attributes={"age": 51})


def test_attributes_that_are_false_or_empty_are_left_out() -> None:
    assert matters(ELDER, CARE) == [("age", 84), ("lives_alone", True)]


def test_attributes_come_in_the_order_of_the_site() -> None:
    assert matters(ELDER, ("lives_alone", "age")) == [("lives_alone", True), ("age", 84)]


def test_the_person_with_the_most_relevant_attributes_is_named_else_the_first() -> None:
    assert neediest([SON, ELDER], tuple(CARE)) is ELDER
    assert neediest([SON, ELDER], ()) is SON
    assert neediest([], tuple(CARE)) is None


@pytest.mark.parametrize(
    ("attributes", "points", "words"),
    [
        ({}, 0, ""),
        ({"age": 59}, 0, ""),
        ({"age": 65}, 1, "年龄65"),
        ({"age": 74}, 2, "年龄74"),
        ({"age": 9}, 2, "年龄9"),
        ({"age": "old"}, 0, ""),
        ({"age": True}, 0, ""),
        ({"age": 83, "mobility": "轮椅", "lives_alone": False}, 6, "年龄83、行动轮椅"),
    ],
)
def test_how_much_a_person_depends_on_help(attributes: dict[str, Any], points: int, words: str) -> None:
    found = vulnerability([Person("a", "甲"), Person("e", "赵", attributes=attributes)])
    assert (found.points, in_words(found.reasons)) == (points, words)
    assert vulnerability([]).points == 0
