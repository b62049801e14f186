"""Which attributes of a person a helper is given, and whom a text names first."""

from __future__ import annotations

from domain import Person
from domain.care import CARE, matters, neediest

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
