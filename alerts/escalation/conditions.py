"""Conditions of ladders and of their extra recipients (`when:`), and the circumstances that they are compared with.

All conditions that are given must hold; of a list, one entry is enough. Pure.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain import Attribute, Person

_COMPARISON: Final = re.compile(r"(>=|<=|>|<)\s*(-?[0-9]+(?:\.[0-9]+)?)")
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_HOURS: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAY_MINUTES: Final = 1440


def _check_hours(text: str) -> str:
    match = _HOURS.fullmatch(text)
    if match is None or (match[3] == "24" and match[4] != "00"):
        raise ValueError(f"{text!r} is not a span of local hours: write 22:00-06:00")
    return text


Hours = Annotated[str, AfterValidator(_check_hours)]
Wanted = bool | int | float | str | tuple[bool | int | float | str, ...]


class Circumstances(Struct, frozen=True):
    """What conditions may ask about an alert.

    `rules` are the rules of its findings, `places` names and roles of the levels of its place and of those above it,
    `minute` the local minute of the day, `people` those concerned with their attributes.
    """

    hazard: str = ""
    rules: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    minute: int = 0
    vulnerability: int = 0
    people: Callable[[], Sequence[Person]] = tuple
    """Asked only where a condition is about people: it reads devices and homes."""


class Conditions(BaseModel):
    """`hazards`, `rules`, `places` (a level's name, or its role: household, building, facility), `hours` (local, such
    as 22:00-06:00), `person`: attributes of one of the people concerned (`{lives_alone: true, age: ">=80"}`), and
    `vulnerability`: how much one of them depends on help, at least (domain/care.py).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hazards: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()
    person: Mapping[str, Wanted] = Field(default_factory=dict)
    vulnerability: int = Field(default=0, ge=0, le=99)

    @property
    def count(self) -> int:
        """How many kinds of condition are given."""
        return sum(
            bool(part) for part in (self.hazards, self.rules, self.places, self.hours, self.person, self.vulnerability)
        )

    def match(self, about: Circumstances) -> bool:
        return (
            (not self.hazards or about.hazard in self.hazards)
            and (not self.rules or not about.rules.isdisjoint(self.rules))
            and (not self.places or not about.places.isdisjoint(self.places))
            and about.vulnerability >= self.vulnerability
            and (not self.hours or any(is_within(span, about.minute) for span in self.hours))
            and (not self.person or any(has_attributes(person, self.person) for person in about.people()))
        )

    def overlap(self, other: Conditions) -> bool:
        """Whether some circumstances may match both. What one of them does not mention excludes nothing."""
        lists = ((self.hazards, other.hazards), (self.rules, other.rules))
        if any(own and theirs and set(own).isdisjoint(theirs) for own, theirs in lists):
            return False
        if self.hours and other.hours and not _share_a_minute(self.hours, other.hours):
            return False
        return not any(_exclude(self.person[name], other.person[name]) for name in self.person.keys() & other.person)


NO_CONDITIONS: Final = Conditions()


def is_within(span: str, minute: int) -> bool:
    """Whether a minute of the day lies within HH:MM-HH:MM, the end excluded; a span may cross midnight.

    >>> is_within("22:00-06:00", 23 * 60), is_within("22:00-06:00", 6 * 60), is_within("08:00-24:00", 1439)
    (True, False, True)
    """
    match = _HOURS.fullmatch(span)
    assert match is not None, span
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def has_attributes(person: Person, wanted: Mapping[str, Wanted]) -> bool:
    """Whether a person has all of these attributes.

    >>> zhao = Person("e1", "赵", attributes={"age": 82, "lives_alone": True})
    >>> has_attributes(zhao, {"age": ">=80", "lives_alone": True}), has_attributes(zhao, {"age": "<80"})
    (True, False)
    """
    return all(_is_wanted(person.attributes.get(name), value) for name, value in wanted.items())


def _is_wanted(held: Attribute | None, wanted: Any) -> bool:
    """A list: one of its entries; `>=80`: a number that large; `true`: set, and not `false`; else equal as text."""
    if isinstance(wanted, tuple):
        return any(_is_wanted(held, one) for one in wanted)
    if isinstance(wanted, bool):
        return (held not in (None, False, "")) is wanted
    comparison = _COMPARISON.fullmatch(wanted) if isinstance(wanted, str) else None
    if comparison is None:
        return held is not None and str(held) == str(wanted)
    try:
        return _OPERATORS[comparison[1]](float(held or 0), float(comparison[2])) and held is not None
    except ValueError:
        return False


def _share_a_minute(own: Sequence[str], theirs: Sequence[str]) -> bool:
    return any(
        any(is_within(span, minute) for span in own) and any(is_within(span, minute) for span in theirs)
        for minute in range(_DAY_MINUTES)
    )


def _exclude(own: Wanted, theirs: Wanted) -> bool:
    """Whether no value satisfies both: only plain values and lists of them are compared."""
    plain = [set(map(str, one if isinstance(one, tuple) else (one,))) for one in (own, theirs)]
    if any(_COMPARISON.fullmatch(value) for values in plain for value in values):
        return False
    return plain[0].isdisjoint(plain[1])
