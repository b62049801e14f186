"""What a helper must know about a person: the relevant attributes, and whose name to give first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

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


def matters(person: Person, care: Iterable[str]) -> list[tuple[str, Attribute]]:
    """The relevant attributes of a person; those that are `false` or empty are left out."""
    known = person.attributes
    return [(name, known[name]) for name in care if name in known and known[name] is not False and known[name] != ""]


def neediest(people: Sequence[Person], care: Sequence[str]) -> Person | None:
    """The person to name where there is room for one: the one with the most relevant attributes, else the first."""
    return max(people, key=lambda person: len(matters(person, care)), default=None)
