"""Finds people, cells, roles and places by what a table calls them: the id, or the name where only one has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from console import import_messages_zh as words
from domain.people import Community
from domain.roles import Roles

IDS_SHOWN: Final = 5


class Names:
    """The names of one version of the registry. Every method raises ValueError with a Chinese text."""

    def __init__(self, community: Community, roles: Roles) -> None:
        self._community, self._roles = community, roles

    def person(self, text: str) -> str:
        """A person by id or name; of several of one name the one who is on a roster already."""
        if text in self._community.people:
            return text
        ids = self._people.get(text, [])
        if len(ids) > 1:
            ids = [one for one in ids if one in self._community.workers] or ids
        return _only(ids, text, words.UNKNOWN_PERSON, words.SAME_NAMES)

    def cell(self, text: str) -> str:
        if text in self._community.cells:
            return text
        return _only(self._cells.get(text, []), text, words.UNKNOWN_CELL, words.SAME_CELLS)

    def role(self, text: str) -> str:
        if text in self._roles:
            return text
        found = next((name for name, role in self._roles.items() if role.zh == text), None)
        if found is None:
            known = "、".join(role.zh for role in self._roles.values())
            raise ValueError(words.UNKNOWN_ROLE.format(value=text, known=known))
        return found

    def place(self, text: str) -> str:
        """A place by id or by its address down to the door."""
        if text in self._community.places:
            return text
        return _only(self._places.get(text.replace(" ", ""), []), text, words.UNKNOWN_PLACE, words.UNKNOWN_PLACE)

    @cached_property
    def _people(self) -> Mapping[str, list[str]]:
        return _by_name((person.name, person.id) for person in self._community.people.values())

    @cached_property
    def _cells(self) -> Mapping[str, list[str]]:
        return _by_name((cell.name, cell.id) for cell in self._community.cells.values())

    @cached_property
    def _places(self) -> Mapping[str, list[str]]:
        return _by_name((self._community.address(place), place) for place in self._community.places)


def _by_name(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, identifier in pairs:
        found.setdefault(name, []).append(identifier)
    return found


def _only(ids: list[str], text: str, unknown: str, several: str) -> str:
    if not ids:
        raise ValueError(unknown.format(value=text))
    if len(ids) > 1:
        raise ValueError(several.format(count=len(ids), value=text, ids="、".join(sorted(ids)[:IDS_SHOWN])))
    return ids[0]
