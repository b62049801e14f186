"""Places that a reporter may name: compounds, buildings, roads, premises; never a household. Pure.

What is listed here can be read by anyone without a login.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain import Place
from domain.geo import GCJ_02, Point, distance_m, to_gcj02, to_wgs84
from domain.levels import LevelRole
from domain.people import Community

PUBLIC_ROLES: Final = frozenset(
    {
        LevelRole.COMPOUND,
        LevelRole.ZONE,
        LevelRole.ROAD,
        LevelRole.SPOT,
        LevelRole.FACILITY,
        LevelRole.BUILDING,
        LevelRole.UNIT,
    }
)
LISTED_MAX: Final = 200


class ReportPlaceIndex:
    """The public places of one community, by parent and by position."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self._children: dict[str | None, list[Place]] = {}
        self._located: list[tuple[Point, Place]] = []
        for place in community.places.values():
            if community.role_of(place) in PUBLIC_ROLES:
                self._children.setdefault(self._public_parent(place), []).append(place)
                point = point_of(place)
                if point is not None:
                    self._located.append((point, place))

    def is_public(self, place: str) -> bool:
        """Whether a reporter may name this place."""
        node = self.community.places.get(place)
        return node is not None and self.community.role_of(node) in PUBLIC_ROLES

    def has_children(self, place: str) -> bool:
        return place in self._children

    def children(self, parent: str | None, text: str = "") -> list[Place]:
        """The public places directly below one, or at the top; with `text` those anywhere whose address has it."""
        found = self._children.get(parent, []) if not text else self._containing(text)
        return sorted(found, key=lambda place: (len(place.name), place.name, place.id))[:LISTED_MAX]

    def nearest(self, point: Point, within_m: float, count: int = 5) -> list[tuple[float, Place]]:
        """The nearest places with their distances in metres. `point` is in GCJ-02."""
        near = ((distance_m(point, there), place.id, place) for there, place in self._located)
        found = sorted(entry for entry in near if entry[0] <= within_m)
        return [(distance, place) for distance, _, place in found[:count]]

    def _containing(self, text: str) -> list[Place]:
        return [place for places in self._children.values() for place in places if text in place.name]

    def _public_parent(self, place: Place) -> str | None:
        for node in self._ancestors(place):
            if self.community.role_of(node) in PUBLIC_ROLES:
                return node.id
        return None

    def _ancestors(self, place: Place) -> Iterator[Place]:
        seen, parent = {place.id}, place.parent
        while parent is not None and parent in self.community.places and parent not in seen:
            seen.add(parent)
            yield self.community.places[parent]
            parent = self.community.places[parent].parent


def point_of(place: Place) -> Point | None:
    """The position of a place in GCJ-02."""
    if place.lat is None or place.lon is None:
        return None
    return as_gcj02((place.lat, place.lon), place.datum)


def as_gcj02(point: Point, datum: str) -> Point | None:
    """A point in GCJ-02; None for an unknown datum."""
    if datum == GCJ_02:
        return point
    in_wgs84 = to_wgs84(point, datum)
    return None if in_wgs84 is None else to_gcj02(in_wgs84)
