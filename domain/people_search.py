"""People by a part of their name, or by their phone. A district has 200,000."""

from __future__ import annotations

from collections.abc import Iterable

from domain import Person
from domain.text_index import TextIndex


class PeopleSearch:
    """Built for one version of the people, in the order of their ids."""

    def __init__(self, people: Iterable[Person]) -> None:
        known = list(people)
        self._ids = [person.id for person in known]
        self._names = TextIndex(person.name for person in known)
        self._phones = TextIndex(f"\n{person.phone or ''}\n" for person in known)

    def find(self, text: str) -> set[str]:
        """The ids of the people whose name has this text in any case, or whose phone it is."""
        numbers = {*self._names.containing(text), *self._phones.containing(f"\n{text}\n")}
        return {self._ids[number] for number in numbers}
