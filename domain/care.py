"""What whoever goes to help must know of a person: which attributes matter, and whose name to say first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain import Attribute, Person
from domain.kind import Words

CARE: Final[Mapping[str, Words]] = {
    "age": Words(zh="年龄", en="age"),
    "care": Words(zh="照护", en="care"),
    "care_class": Words(zh="关爱类别", en="care class"),
    "illness": Words(zh="病史", en="illness"),
    "lives_alone": Words(zh="独居", en="lives alone"),
    "mobility": Words(zh="行动", en="mobility"),
    "hearing": Words(zh="听力", en="hearing"),
    "vision": Words(zh="视力", en="vision"),
    "dementia": Words(zh="认知障碍", en="dementia"),
    "wanders": Words(zh="易走失", en="wanders"),
    "pregnant": Words(zh="孕妇", en="pregnant"),
    "oxygen": Words(zh="家中有氧气瓶", en="oxygen at home"),
    "medicine": Words(zh="用药", en="medicine"),
    "language": Words(zh="语言", en="language"),
    "key_holder": Words(zh="备用钥匙", en="spare key"),
    "away": Words(zh="外出", en="away"),
}
"""The attributes shown unless the site names its own (`care_attributes` in site.yaml), in this order."""


def matters(person: Person, care: Iterable[str]) -> list[tuple[str, Attribute]]:
    """The attributes that matter and are so: what is `false` or empty tells whoever goes nothing."""
    known = person.attributes
    return [(name, known[name]) for name in care if name in known and known[name] is not False and known[name] != ""]


def neediest(people: Sequence[Person], care: Sequence[str]) -> Person | None:
    """Whose name to say when there is room for one: of whom most is known that matters, else the first."""
    return max(people, key=lambda person: len(matters(person, care)), default=None)
