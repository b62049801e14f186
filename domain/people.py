"""The community as a value: places, cells, people and duties, indexed. Read by rules (attributes) and alerts (who)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from domain import Cell, Duty, Person, Place
from domain.places import upward

DOOR_LEVELS = ("compound", "building", "unit", "floor", "household", "room")
"""Levels a worker needs to find the door; the street and the community are known to him."""


class Community(Struct, frozen=True):
    """One version of who and what is where. Replaced whole when the registry changes."""

    places: Mapping[str, Place]
    cells: Mapping[str, Cell]
    people: Mapping[str, Person]
    duties: tuple[Duty, ...]

    def cell_of(self, place: str | None) -> str | None:
        """The cell responsible for a place: its own, or its nearest ancestor's."""
        return next((node.cell for node in upward(self.places, place) if node.cell), None)

    def ancestor(self, place: str | None, level: str) -> Place | None:
        """The place of this level that contains `place` (or is it)."""
        return next((node for node in upward(self.places, place) if node.level == level), None)

    def address(self, place: str | None) -> str:
        """Where to the door, as a worker reads it: 枫林苑3栋2单元402. Empty when the place is unknown."""
        names = [node.name for node in upward(self.places, place) if node.level in DOOR_LEVELS and node.name != "无"]
        return "".join(reversed(names))

    def residents(self, place: str | None) -> tuple[Person, ...]:
        """The people whose home is this place."""
        return tuple(person for person in self.people.values() if place is not None and person.home == place)


def community(
    places: Iterable[Place] = (),
    cells: Iterable[Cell] = (),
    people: Iterable[Person] = (),
    duties: Iterable[Duty] = (),
) -> Community:
    """A community indexed by id."""
    return Community(
        places={place.id: place for place in places},
        cells={cell.id: cell for cell in cells},
        people={person.id: person for person in people},
        duties=tuple(duties),
    )
