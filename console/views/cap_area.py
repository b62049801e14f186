"""The area of a CAP message: full address, polygon or circle in WGS-84, and the administrative code. Pure.

CAP 1.2 section 3.3.2.1 asks for WGS-84; places are registered in the datum of their map (domain/geo.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain import Place
from domain.addresses import NO_NAME, joined
from domain.geo import Point, to_wgs84
from domain.levels import AREAS, INDOOR_LEVELS, LevelRole
from domain.people import Community
from domain.places import self_and_ancestors

BOUNDARY: Final = "boundary"
"""Attribute of a place: its outline as `lat,lon lat,lon ...` in the datum of the place."""
ADMIN_CODE: Final = "admin_code"
"""Attribute of a place: its administrative code; the nearest place above that has one counts."""

_CODE_NAMES: Final = {6: "GB/T 2260", 9: "GB/T 10114"}
"""Name of the code by its length: county, town or street."""
_STATISTICAL_CODE: Final = "NBS division code"
"""12 and more digits: code of a community in the statistical division of the national bureau of statistics."""
_RADIUS_KM: Final = {LevelRole.SPOT: 0.02, LevelRole.FACILITY: 0.2, LevelRole.COMPOUND: 0.3, LevelRole.ZONE: 0.2}
_BUILDING_KM: Final = 0.05
_WIDE_KM: Final = 1.0
_RING_MIN: Final = 3
_POINTS_MAX: Final = 500


class CapArea(Struct, frozen=True):
    """The area of one message; `polygon` and `circle` in the notation of CAP, `geocodes` as (name, value)."""

    description: str
    polygon: str | None = None
    circle: str | None = None
    geocodes: tuple[tuple[str, str], ...] = ()


def cap_area(community: Community, place: str | None, address: str) -> CapArea:
    """The area of an alert at a place. `address` is the address of the alert, down to the door."""
    path = list(self_and_ancestors(community.places, place))
    polygon = next((text for node in path[:1] if (text := _polygon(node)) is not None), None)
    located = next((node for node in path if node.lat is not None and node.lon is not None), None)
    circle = _circle(community, located) if polygon is None and located is not None else None
    return CapArea(_full_address(community, path, address), polygon, circle, _geocodes(path))


def _full_address(community: Community, path: list[Place], address: str) -> str:
    """The address with the areas around it: a reader outside the site does not know which street it is."""
    around = [node.name for node in reversed(path) if node.name != NO_NAME and _is_area(community, node)]
    known = address or (community.address(path[0].id) if path else "")
    return joined([*(name for name in around if name not in known), known])


def _is_area(community: Community, place: Place) -> bool:
    return community.role_of(place) in AREAS and community.role_of(place) is not LevelRole.GRID


def _circle(community: Community, place: Place) -> str | None:
    """`lat,lon radius` in km around a place that has coordinates."""
    assert place.lat is not None
    assert place.lon is not None
    point = to_wgs84((place.lat, place.lon), place.datum)
    if point is None or not _is_on_earth(point):
        return None
    role = community.role_of(place)
    radius_km = _BUILDING_KM if role in INDOOR_LEVELS else _RADIUS_KM.get(role, _WIDE_KM)
    return f"{_format_point(point)} {radius_km:g}"


def _polygon(place: Place) -> str | None:
    """The outline of a place, closed; None without one, and for a text that is no outline."""
    points = _parse_boundary(place.attributes)
    if points is None:
        return None
    converted = [to_wgs84(point, place.datum) for point in points]
    ring = [_format_point(point) for point in converted if point is not None and _is_on_earth(point)]
    if len(ring) != len(points):
        return None
    return " ".join(ring if ring[0] == ring[-1] else [*ring, ring[0]])


def _parse_boundary(attributes: Mapping[str, object]) -> list[Point] | None:
    texts = str(attributes.get(BOUNDARY, "")).split()
    if not _RING_MIN <= len(texts) <= _POINTS_MAX:
        return None
    points: list[Point] = []
    for text in texts:
        try:
            lat, lon = (float(part) for part in text.split(","))
        except ValueError:
            return None
        points.append((lat, lon))
    return points


def _is_on_earth(point: Point) -> bool:
    """False also for NaN."""
    return -90 <= point[0] <= 90 and -180 <= point[1] <= 180


def _format_point(point: Point) -> str:
    return f"{point[0]:.6f},{point[1]:.6f}"


def _geocodes(path: list[Place]) -> tuple[tuple[str, str], ...]:
    codes = (str(node.attributes[ADMIN_CODE]) for node in path if ADMIN_CODE in node.attributes)
    code = next((text for text in codes if text.isascii() and text.isdigit()), None)
    return () if code is None else ((_CODE_NAMES.get(len(code), _STATISTICAL_CODE), code),)
