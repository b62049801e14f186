"""Where things lie: metres east and north of the town's south-west corner, in WGS-84 and GCJ-02.

Compounds stand in rows inside their community, communities in rows inside the town; no two overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, radians, sqrt
from typing import Final

from msgspec import Struct

from domain.geo import to_gcj02
from simulators.town.population.plan import BuildingPlan, CompoundPlan

_LAT, _LON = 30.560, 104.060
"""The south-west corner, in 成都 锦江区."""
_M_PER_DEGREE: Final = 111_320.0
_UNIT_M, _DEPTH_M, _TOWER_M = 20.0, 13.0, 30.0
_GAP_EAST_M, _GAP_NORTH_M, _MARGIN_M, _ROAD_M = 14.0, 22.0, 18.0, 30.0


class Box(Struct, frozen=True):
    """A rectangle in metres."""

    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def ring(self) -> tuple[tuple[float, float], ...]:
        """The closed ring, counterclockwise (RFC 7946, 3.1.6), as longitude and latitude in WGS-84."""
        corners = ((self.west, self.south), (self.east, self.south), (self.east, self.north), (self.west, self.north))
        return tuple(wgs84(*corner) for corner in (*corners, corners[0]))

    def moved(self, east: float, north: float) -> Box:
        return Box(self.west + east, self.south + north, self.east + east, self.north + north)


def wgs84(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude in WGS-84, to about 10 cm."""
    lat = _LAT + north_m / _M_PER_DEGREE
    return round(_LON + east_m / (_M_PER_DEGREE * cos(radians(_LAT))), 6), round(lat, 6)


def gcj02(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude in GCJ-02."""
    lon, lat = wgs84(east_m, north_m)
    shifted_lat, shifted_lon = to_gcj02((lat, lon))
    return round(shifted_lon, 6), round(shifted_lat, 6)


def footprint(plan: BuildingPlan) -> tuple[float, float]:
    """Extent of a building east and north, in metres."""
    return (_TOWER_M * plan.units, _TOWER_M) if plan.is_tower else (_UNIT_M * plan.units, _DEPTH_M)


def in_rows(sizes: Sequence[tuple[float, float]], gap_east: float, gap_north: float) -> list[Box]:
    """Boxes of these sizes in rows, left to right and south to north, in an area that is about square."""
    width = max(sqrt(sum((east + gap_east) * (north + gap_north) for east, north in sizes)), *(s[0] for s in sizes), 0)
    boxes: list[Box] = []
    west = south = height = 0.0
    for east, north in sizes:
        if west and west + east > width:
            west, south, height = 0.0, south + height + gap_north, 0.0
        boxes.append(Box(west, south, west + east, south + north))
        west, height = west + east + gap_east, max(height, north)
    return boxes


def around(boxes: Sequence[Box], margin: float) -> Box:
    """The smallest box around these, with a margin."""
    return Box(
        min(box.west for box in boxes) - margin,
        min(box.south for box in boxes) - margin,
        max(box.east for box in boxes) + margin,
        max(box.north for box in boxes) + margin,
    )


class Site(Struct, frozen=True):
    """A compound on the ground: its outline and its buildings."""

    outline: Box
    buildings: tuple[Box, ...]

    def moved(self, east: float, north: float) -> Site:
        return Site(self.outline.moved(east, north), tuple(box.moved(east, north) for box in self.buildings))


def compound_site(plan: CompoundPlan) -> Site:
    """The compound by itself, its south-west corner at the origin."""
    boxes = [
        box.moved(_MARGIN_M, _MARGIN_M)
        for box in in_rows([footprint(one) for one in plan.buildings], _GAP_EAST_M, _GAP_NORTH_M)
    ]
    outer = around(boxes, _MARGIN_M)
    return Site(Box(0.0, 0.0, float(ceil(outer.east)), float(ceil(outer.north))), tuple(boxes))


def place_sites(plans: Sequence[CompoundPlan], communities: int) -> tuple[list[Site], list[Box]]:
    """Every compound where it lies in the town, and the outline of every community."""
    local = [compound_site(plan) for plan in plans]
    members = [[index for index, plan in enumerate(plans) if plan.community == one] for one in range(communities)]
    inner = [
        in_rows([(local[index].outline.east, local[index].outline.north) for index in inside], _ROAD_M, _ROAD_M)
        for inside in members
    ]
    extents = [around(boxes, _ROAD_M / 2) for boxes in inner]
    outer = in_rows([(box.east - box.west, box.north - box.south) for box in extents], _ROAD_M, _ROAD_M)
    sites: list[Site] = list(local)
    for inside, boxes, extent, community in zip(members, inner, extents, outer, strict=True):
        for index, box in zip(inside, boxes, strict=True):
            east, north = community.west - extent.west, community.south - extent.south
            sites[index] = local[index].moved(east + box.west, north + box.south)
    return sites, outer
