"""What a helper must know about a person: the relevant attributes, and whose name to give first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Attribute, Person
from domain.kind import LocalizedText

CARE: Final[Mapping[str, LocalizedText]] = {
    "age": LocalizedText(zh="年龄", en="age"),
    "care": LocalizedText(zh="照护", en="care"),
    "care_class": LocalizedText(zh="关爱类别", en="care class"),
    "illness": LocalizedText(zh="病史", en="illness"),
    "lives_alone": LocalizedText(zh="独居", en="lives alone"),
    "mobility": LocalizedText(zh="行动", en="mobility"),
    "hearing": LocalizedText(zh="听力", en="hearing"),
    "vision": LocalizedText(zh="视力", en="vision"),
    "dementia": LocalizedText(zh="认知障碍", en="dementia"),
    "wanders": LocalizedText(zh="易走失", en="wanders"),
    "pregnant": LocalizedText(zh="孕妇", en="pregnant"),
    "oxygen": LocalizedText(zh="家中有氧气瓶", en="oxygen at home"),
    "medicine": LocalizedText(zh="用药", en="medicine"),
    "language": LocalizedText(zh="语言", en="language"),
    "key_holder": LocalizedText(zh="备用钥匙", en="spare key"),
    "away": LocalizedText(zh="外出", en="away"),
}
"""Attributes shown, in this order, unless the site names its own (`care_attributes` in site.yaml)."""


VULNERABLE: Final[Mapping[str, int]] = {
    "lives_alone": 2,
    "mobility": 3,
    "dementia": 3,
    "oxygen": 3,
    "care_class": 2,
    "care": 2,
    "pregnant": 2,
    "wanders": 2,
    "hearing": 1,
    "vision": 1,
    "illness": 1,
}
"""Attribute -> how much it adds to `vulnerability`. Our own weights: who cannot leave alone counts most."""
_AGES: Final = ((80, 3), (70, 2), (60, 1))
_CHILD_AGE: Final = 14
_CHILD_POINTS: Final = 2


class Vulnerability(Struct, frozen=True):
    """How much a person depends on help, and the attributes it comes from."""

    points: int = 0
    reasons: tuple[tuple[str, Attribute], ...] = ()


def vulnerability(people: Iterable[Person]) -> Vulnerability:
    """That of the most vulnerable of these people.

    >>> vulnerability([Person("e", "赵", attributes={"age": 83, "lives_alone": True}), Person("f", "钱")])
    Vulnerability(points=5, reasons=(('age', 83), ('lives_alone', True)))
    """
    return max(map(_of_person, people), key=lambda one: one.points, default=Vulnerability())


def in_words(reasons: Iterable[tuple[str, Attribute]]) -> str:
    """The attributes with their Chinese names.

    >>> in_words((("age", 83), ("lives_alone", True)))
    '年龄83、独居'
    """
    return "、".join(CARE[name].zh + ("" if value is True else str(value)) for name, value in reasons)


def _of_person(person: Person) -> Vulnerability:
    found = [(name, VULNERABLE[name], value) for name, value in matters(person, VULNERABLE)]
    age = person.attributes.get("age")
    if isinstance(age, int | float) and not isinstance(age, bool):
        points = _CHILD_POINTS if age < _CHILD_AGE else next((more for years, more in _AGES if age >= years), 0)
        found = [("age", points, age), *found] if points else found
    return Vulnerability(sum(points for _, points, _ in found), tuple((name, value) for name, _, value in found))


def matters(person: Person, care: Iterable[str]) -> list[tuple[str, Attribute]]:
    """The relevant attributes of a person; those that are `false` or empty are left out."""
    known = person.attributes
    return [(name, known[name]) for name in care if name in known and known[name] is not False and known[name] != ""]


def neediest(people: Sequence[Person], care: Sequence[str]) -> Person | None:
    """The person to name where there is room for one: the one with the most relevant attributes, else the first."""
    return max(people, key=lambda person: len(matters(person, care)), default=None)
