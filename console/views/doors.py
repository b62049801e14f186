"""Storeys and doors of a stairwell, from the tree of places or from the numbers of doors. Pure."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from console.schemas.surroundings import Position
from domain import Place
from domain.levels import LevelRole
from domain.people import Community
from domain.places import self_and_ancestors

_STOREY: Final = re.compile(r"(?P<below>地下|负|B|-)?(?P<number>\d{1,3})\s*[层楼F]?", re.IGNORECASE)
_DOOR: Final = re.compile(r"(?P<storey>\d{1,2})-?(?P<door>\d{2})(?:室|户|号)?")
"""402, 1203室, 12-03: the storey, and two figures of the door on it."""


class Door(Struct, frozen=True):
    """A door's storey and its number on it, or its name; None where neither the tree nor its name tells."""

    storey: int | None = None
    number: str | None = None


def door_of(community: Community, place: Place) -> Door:
    """The storey from the place's floor in the tree, else from its name.

    >>> from domain.people import community
    >>> town = community([Place("a", "402", "household", None), Place("f", "B1层", "floor", None),
    ...                   Place("b", "车库", "household", "f")])
    >>> door_of(town, town.places["a"]), door_of(town, town.places["b"])
    (Door(storey=4, number='02'), Door(storey=-1, number='车库'))
    """
    named = _DOOR.fullmatch(place.name)
    floor = community.nearest(place.id, LevelRole.FLOOR)
    found = None if floor is None else _STOREY.fullmatch(floor.name)
    if found is not None:
        storey = int(found["number"]) * (-1 if found["below"] else 1)
        return Door(storey, place.name if named is None else named["door"])
    return Door() if named is None else Door(int(named["storey"]), named["door"])


def position_of(door: Door, own: Door | None) -> Position | None:
    """Where a door is, seen from `own`: on the storey above, below, or the same. None for all others."""
    if own is None or own.storey is None or door.storey is None:
        return None
    steps = _steps(door.storey) - _steps(own.storey)
    return {1: Position.ABOVE, 0: Position.BESIDE, -1: Position.BELOW}.get(steps)


def _steps(storey: int) -> int:
    """There is no storey 0 between the first and the first below ground."""
    return storey if storey < 0 else storey - 1


def stairwell_of(community: Community, household: Place) -> Place | None:
    """What the doors of a stairwell share: the nearest place around one that is no floor."""
    around = self_and_ancestors(community.places, household.parent)
    return next((node for node in around if community.role_of(node) is not LevelRole.FLOOR), None)
