"""Where places and people are, as points in WGS-84. Pure.

A place has coordinates in its datum; one without lies where the nearest place around it lies. A person has the
attributes `lon`, `lat`, `datum` (default GCJ-02) and `located_at` (RFC 3339 with offset, or epoch in s or ms).
"""

from __future__ import annotations

from datetime import UTC
from math import isfinite
from typing import Final

from domain import Attribute, Instant, Person, Place
from domain.geo import GCJ_02, Point, distance_m, to_wgs84
from domain.people import Community
from domain.places import self_and_ancestors
from domain.times import parse_rfc3339

_MS_FROM: Final = 100_000_000_000
"""A whole number at least this large is milliseconds, below it seconds."""


def position_of_place(community: Community, place: str | None) -> Point | None:
    """The coordinates of a place, else of the nearest place that contains it; None when none has any."""
    for node in self_and_ancestors(community.places, place):
        point = _point_of(node)
        if point is not None:
            return point
    return None


def position_of_person(person: Person, now: Instant, max_age_ms: int) -> Point | None:
    """The position in the attributes; None without one, and for one older than `max_age_ms`.

    A position without `located_at` is a registered one, such as a shop, and does not age.
    """
    held = person.attributes
    lon, lat = _number(held.get("lon")), _number(held.get("lat"))
    if lon is None or lat is None or not _is_fresh(held.get("located_at"), now, max_age_ms):
        return None
    return to_wgs84((lat, lon), str(held.get("datum", GCJ_02)))


def distance_between(here: Point | None, there: Point | None) -> int | None:
    """Metres between two points; None when one of them is unknown."""
    return None if here is None or there is None else round(distance_m(here, there))


def _point_of(place: Place) -> Point | None:
    if place.lon is None or place.lat is None:
        return None
    return to_wgs84((place.lat, place.lon), place.datum)


def _number(value: Attribute | None) -> float | None:
    """The coordinate as a finite number, also when a register exported it as text."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _is_fresh(located_at: Attribute | None, now: Instant, max_age_ms: int) -> bool:
    if located_at is None:
        return True
    if isinstance(located_at, str):
        try:
            at = parse_rfc3339(located_at, UTC)
        except ValueError:
            return False
    else:
        at = int(located_at) if located_at >= _MS_FROM else int(located_at * 1000)
    return now - at <= max_age_ms
