"""Names of the people, users and tokens that an entry of the audit trail names by id. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Attribute, Person


def names_in(
    actor: str, detail: Mapping[str, Attribute | None], people: Mapping[str, Person], others: Mapping[str, str]
) -> dict[str, str]:
    """The name by each id that is known; lists of ids are separated by spaces.

    >>> names_in("w-1", {"people": "w-1 w-2", "fields": "phone"}, {"w-2": Person("w-2", "张三")}, {"w-1": "李四"})
    {'w-1': '李四', 'w-2': '张三'}
    """
    texts = [actor, *(value for value in detail.values() if isinstance(value, str))]
    names: dict[str, str] = {}
    for word in (word for text in texts for word in text.split(" ")):
        person = people.get(word)
        name = others.get(word) if person is None else person.name
        if name:
            names[word] = name
    return names
