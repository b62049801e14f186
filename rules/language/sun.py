"""Where the sun stands, by the equations of NOAA's solar calculator (after Meeus, Astronomical Algorithms): good to
about a minute of time until 2100. The datum of a coordinate does not matter here: 700 m are two seconds.
"""

from __future__ import annotations

from functools import lru_cache
from math import asin, cos, degrees, radians, sin, tan
from typing import Final

from domain import DAY, MINUTE, Instant
from domain.geo import Point

SUN_ATTRIBUTES: Final = ("elevation_deg", "is_down", "is_dark")
"""`sun.elevation_deg` above the horizon; `sun.is_down` from sunset to sunrise; `sun.is_dark` while a person needs light
(civil dusk to civil dawn)."""
SETS_DEG: Final = -0.833
"""Its upper rim touches the horizon, refraction included."""
DUSK_DEG: Final = -6.0
_J2000: Final = 946_728_000_000
_LOOK_EVERY: Final = 10 * MINUTE
EDGES: Final = {"is_down": SETS_DEG, "is_dark": DUSK_DEG}


def elevation_deg(at: Instant, point: Point) -> float:
    """Elevation of the sun's centre in degrees, without refraction. `point` is latitude and longitude in degrees
    (WGS-84).

    >>> round(elevation_deg(1_782_014_400_000, (31.23, 121.47)), 1)  # noon of 2026-06-21 in Shanghai, 12:00 local time
    82.2
    """
    lat, lon = point
    declination, equation_min = _sun(at // MINUTE)
    hour_angle = radians((at / MINUTE + equation_min) % 1440 / 4 + lon - 180)
    north = radians(lat)
    return degrees(asin(sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)))


@lru_cache(maxsize=4096)
def _sun(minute: int) -> tuple[float, float]:
    """Declination in radians, and the equation of time in minutes."""
    t = (minute * MINUTE - _J2000) / DAY / 36_525
    mean_longitude = radians((280.46646 + t * (36_000.76983 + t * 0.0003032)) % 360)
    anomaly = radians(357.52911 + t * (35_999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    center = (
        sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + sin(3 * anomaly) * 0.000289
    )
    node = radians(125.04 - 1934.136 * t)
    longitude = mean_longitude + radians(center - 0.00569 - 0.00478 * sin(node))
    tilt = radians(23.439291 - t * 0.0130042 + 0.00256 * cos(node))
    y = tan(tilt / 2) ** 2
    equation = (
        y * sin(2 * mean_longitude)
        - 2 * eccentricity * sin(anomaly)
        + 4 * eccentricity * y * sin(anomaly) * cos(2 * mean_longitude)
        - 0.5 * y * y * sin(4 * mean_longitude)
        - 1.25 * eccentricity**2 * sin(2 * anomaly)
    )
    return asin(sin(tilt) * sin(longitude)), 4 * degrees(equation)


def sun_value(at: Instant, point: Point | None, name: str) -> float | bool | None:
    """A value of the sun at an instant and a point; None for an unknown name or an unknown point."""
    if point is None:
        return None
    elevation = elevation_deg(at, point)
    if name == "elevation_deg":
        return round(elevation, 2)
    return elevation < EDGES[name] if name in EDGES else None


def next_change(name: str, at: Instant, point: Point) -> Instant | None:
    """The first minute after `at` in which `is_down` or `is_dark` has changed; None where the sun neither rises nor
    sets for a day."""
    before = sun_value(at, point, name)
    step = next(
        (n for n in range(1, DAY // _LOOK_EVERY + 1) if sun_value(at + n * _LOOK_EVERY, point, name) != before), None
    )
    if step is None:
        return None
    low, high = (at + (step - 1) * _LOOK_EVERY) // MINUTE, -(-(at + step * _LOOK_EVERY) // MINUTE)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sun_value(middle * MINUTE, point, name) == before else (low, middle)
    return high * MINUTE
