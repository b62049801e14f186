"""Distances, and conversion between the datums used in China.

WGS-84 is the datum of satellite positioning; GCJ-02 the datum of Chinese maps, offset by up to 700 m by a published
formula; BD-09 a further offset by Baidu. The inverse of GCJ-02 has no formula and is iterated.
"""

from __future__ import annotations

from functools import lru_cache
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Final

WGS_84: Final = "WGS-84"
GCJ_02: Final = "GCJ-02"
BD_09: Final = "BD-09"
CGCS_2000: Final = "CGCS2000"
"""The national geodetic datum (GB 22021), within centimetres of WGS-84 today."""

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

EARTH_M: Final = 6_371_000.0
_AXIS_M: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.00669342162296594323
"""The Krasovsky ellipsoid of the GCJ-02 formula."""
_BAIDU: Final = pi * 3000 / 180
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347
"""Outside these bounds GCJ-02 has no offset."""
_ITERATIONS: Final = 6
"""Each iteration reduces the error at least a hundredfold: six are far below a centimetre."""


def distance_m(here: Point, there: Point) -> float:
    """Great-circle distance in metres.

    >>> round(distance_m((31.2304, 121.4737), (31.2304, 121.4837)))
    951
    """
    (lat, lon), (other_lat, other_lon) = here, there
    up, across = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    part = sin(up) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(across) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(part)))


def to_wgs84(point: Point, datum: str) -> Point | None:
    """The point in WGS-84; None for an unknown datum."""
    if datum in (WGS_84, CGCS_2000):
        return point
    if datum == BD_09:
        return _from_gcj02(_gcj02_of_bd09(point))
    return _from_gcj02(point) if datum == GCJ_02 else None


def to_gcj02(point: Point) -> Point:
    """A WGS-84 point in GCJ-02.

    >>> [round(degrees, 4) for degrees in to_gcj02((39.911954, 116.377817))]
    [39.9133, 116.384]
    """
    lat, lon = point
    if not (_SOUTH <= lat <= _NORTH and _WEST <= lon <= _EAST):
        return point
    north, east = _offset_m(lon - 105.0, lat - 35.0)
    flat = 1 - _ECCENTRICITY * sin(radians(lat)) ** 2
    meridian = _AXIS_M * (1 - _ECCENTRICITY) / (flat * sqrt(flat)) * pi / 180
    parallel = _AXIS_M / sqrt(flat) * cos(radians(lat)) * pi / 180
    return lat + north / meridian, lon + east / parallel


def _offset_m(x: float, y: float) -> Point:
    """Offset north and east in metres, by degrees from 105° east and 35° north."""
    waves = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (waves + 20 * sin(y * pi) + 40 * sin(y * pi / 3) + 160 * sin(y * pi / 12) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (waves + 20 * sin(x * pi) + 40 * sin(x * pi / 3) + 150 * sin(x * pi / 12) + 300 * sin(x * pi / 30)) * 2 / 3
    return north, east


# Cached: a geofence stays where it is, and is evaluated every few minutes.
@lru_cache(maxsize=16_384)
def _from_gcj02(point: Point) -> Point:
    lat, lon = point
    for _ in range(_ITERATIONS):
        moved_lat, moved_lon = to_gcj02((lat, lon))
        lat, lon = lat + point[0] - moved_lat, lon + point[1] - moved_lon
    return lat, lon


def _gcj02_of_bd09(point: Point) -> Point:
    y, x = point[0] - 0.006, point[1] - 0.0065
    far = hypot(x, y) - 0.00002 * sin(y * _BAIDU)
    angle = atan2(y, x) - 0.000003 * cos(x * _BAIDU)
    return far * sin(angle), far * cos(angle)
