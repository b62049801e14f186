"""People by a part of their name, or by their phone. A district has 200,000."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from domain import Person
from domain.text_index import TextIndex

PLACES_MAX: Final = 20


class PeopleSearch:
    """Built for one version of the people, in the order of their ids."""

    def __init__(self, people: Iterable[Person]) -> None:
        known = list(people)
        self._by_place: Mapping[str, Sequence[str]] = {}
        self._ids = [person.id for person in known]
        self._names = TextIndex(person.name for person in known)
        self._phones = TextIndex(f"\n{person.phone or ''}\n" for person in known)

    def kept_ids(self, place: str, collect: Callable[[], Sequence[str]]) -> Sequence[str]:
        """What was collected for a place, once for this version: users are limited to a few places, and ask for page
        after page. Lists of 20 places are kept: in a district one takes up to a megabyte."""
        kept = self._by_place
        if place not in kept:
            # Replaced, not changed: threads read it.
            kept = {**(kept if len(kept) < PLACES_MAX else {}), place: collect()}
            self._by_place = kept
        return kept[place]

    def find(self, text: str) -> set[str]:
        """The ids of the people whose name has this text in any case, or whose phone it is."""
        numbers = {*self._names.containing(text), *self._phones.containing(f"\n{text}\n")}
        return {self._ids[number] for number in numbers}
