"""The map of the wall: compounds with their buildings, by roles of levels, and the position of an alert on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from domain import Place
from domain.geo import Point, to_gcj02, to_wgs84
from domain.levels import AREAS, TILES, LevelRole
from domain.people import Community
from domain.places import self_and_ancestors


class Spot(Struct, frozen=True):
    """A position on the map: the compound, and in it the building, the road, or the compound itself."""

    group: Place
    tile: Place


def find_spot(community: Community, place: str | None) -> Spot | None:
    """The position of a place; None when the place is unknown."""
    group = community.compound_of(place)
    if group is None:
        return None
    below: list[Place] = []
    for node in self_and_ancestors(community.places, place):
        if node.id == group.id:
            break
        below.append(node)
    return Spot(group, _find_tile(community, below) or group)


def _find_tile(community: Community, below: list[Place]) -> Place | None:
    """The tile in a path below a compound, nearest first: building, else premises, else the topmost place."""
    for role in (LevelRole.BUILDING, LevelRole.FACILITY):
        tile = next((node for node in below if community.role_of(node) is role), None)
        if tile is not None:
            return tile
    outside_areas = [node for node in below if community.role_of(node) not in AREAS]
    return next(reversed(outside_areas or below), None)


class PlaceMap:
    """Groups and tiles of one version of the community. Built once a version: a district has 170,000 places."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.groups: dict[str, dict[str, Place]] = {}
        """Tiles by id, by id of their compound."""
        covered: set[str] = set()
        places, roles = community.places, {name: level.role for name, level in community.levels.items()}
        for place in places.values():
            # Places inside a building, a flat or a compound are represented by it.
            role, parent = roles[place.level], places.get(place.parent or "")
            is_standalone = parent is None or roles[parent.level] in AREAS
            if role in TILES or role is LevelRole.COMPOUND or (is_standalone and role not in AREAS):
                self._add(place, covered)
        for tiles in self.groups.values():
            for name in covered & tiles.keys():
                del tiles[name]

    def _add(self, place: Place, covered: set[str]) -> None:
        spot = find_spot(self.community, place.id)
        assert spot is not None
        tiles = self.groups.setdefault(spot.group.id, {})
        if spot.tile.id == place.id != spot.group.id and self.community.role_of(place) in TILES:
            tiles[place.id] = place
            # A zone or a road with buildings is not a tile beside them.
            covered.update(node.id for node in self_and_ancestors(self.community.places, place.parent))


def spot_view(spot: Spot | None) -> dict[str, Any] | None:
    """The `spot` of an alert's view."""
    if spot is None:
        return None
    return {"group": _place_ref(spot.group), "tile": _place_ref(spot.tile)}


def map_place_view(community: Community, place: Place) -> dict[str, Any]:
    return {**_place_ref(place), "level": place.level, "role": community.role_of(place).value}


def _place_ref(place: Place) -> dict[str, Any]:
    return {"id": place.id, "name": place.name}


def location_view(community: Community, place: str | None) -> Mapping[str, Any]:
    """The location of a place: names from the root down, and coordinates for navigation (GCJ-02)."""
    path = list(self_and_ancestors(community.places, place))
    point = next((point for node in path if (point := _point(node)) is not None), None)
    lat, lon = point if point is not None else (None, None)
    return {"path": [node.name for node in reversed(path)], "lon": lon, "lat": lat}


def _point(place: Place) -> Point | None:
    if place.lat is None or place.lon is None:
        return None
    if place.datum == "GCJ-02":
        return place.lat, place.lon
    wgs84 = to_wgs84((place.lat, place.lon), place.datum)
    return None if wgs84 is None else to_gcj02(wgs84)
