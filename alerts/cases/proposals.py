"""Which alerts may be about the same thing as a report: proposed to a person, who decides. Pure.

A report and an alert of a device have no identity in common, only place, kind and time; two leaks in one building are
rare and must not be made one by a program, unless several detectors say that it is the building (decision 0062).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from alerts.alert import ACTIVE_STATES, Alert, AlertSource
from domain import HOUR, Instant, Ledger
from domain.geo import Point, distance_m, to_gcj02, to_wgs84
from domain.people import Community

WINDOW_MS: Final = 6 * HOUR
"""Alerts opened further apart than this are not proposed."""
NEAR_M: Final = 150.0
"""Within this distance two places outdoors may be the same: a positioning error of phones and the length of a block."""


class Nearness(StrEnum):
    """Why two alerts may be about the same place, the closest first."""

    HOUSEHOLD = "household"
    PLACE = "place"
    BUILDING = "building"
    DISTANCE = "distance"


class Proposal(Struct, frozen=True):
    """An alert that may be merged with another one. `distance_m` is known where both have coordinates."""

    alert: int
    title: str
    source: str
    nearness: Nearness
    opened_at: Instant
    distance_m: float | None = None


class Located(Struct, frozen=True):
    """An alert with its position in GCJ-02, where one is known: the report's own, else that of its place."""

    alert: Alert
    position: Point | None = None


def proposals_for(
    about: Located, others: Iterable[Located], hazards: Collection[str], separate: Collection[int], community: Community
) -> list[Proposal]:
    """Alerts to merge with this one, the closest first. One of each pair is a report; `separate` were decided not to be
    the same."""
    found = [
        (near, other)
        for other in others
        if other.alert.id not in separate and _may_be_same(about.alert, other.alert, hazards)
        if (near := _nearness(about, other, community)) is not None
    ]
    order = list(Nearness)
    found.sort(key=lambda pair: (order.index(pair[0]), pair[1].alert.opened_at, pair[1].alert.id))
    return [_proposal(near, about, other) for near, other in found]


def _may_be_same(about: Alert, other: Alert, hazards: Collection[str]) -> bool:
    return (
        other.id != about.id
        and AlertSource.REPORT in (about.source, other.source)
        and other.ledger is about.ledger is Ledger.DANGER
        and other.exercise == about.exercise
        and other.hazard in hazards
        and about.state in ACTIVE_STATES
        and other.state in ACTIVE_STATES
        and abs(about.opened_at - other.opened_at) <= WINDOW_MS
    )


def _nearness(about: Located, other: Located, community: Community) -> Nearness | None:
    here, there = about.alert.place, other.alert.place
    if here is not None and there is not None:
        doors = community.household_of(here), community.household_of(there)
        if doors[0] is not None and doors[0] == doors[1]:
            return Nearness.HOUSEHOLD
        if here == there:
            return Nearness.PLACE
        if about.alert.building is not None and about.alert.building == other.alert.building:
            return Nearness.BUILDING
    distance = _distance(about, other)
    return Nearness.DISTANCE if distance is not None and distance <= NEAR_M else None


def _distance(about: Located, other: Located) -> float | None:
    if about.position is None or other.position is None:
        return None
    return distance_m(about.position, other.position)


def _proposal(near: Nearness, about: Located, other: Located) -> Proposal:
    distance = _distance(about, other)
    alert = other.alert
    return Proposal(
        alert.id, alert.title, alert.source, near, alert.opened_at, None if distance is None else round(distance)
    )


def position_of(place: str | None, community: Community) -> Point | None:
    """The coordinates of a place, else of its building, in GCJ-02. Those of a compound locate no door."""
    for node in (community.places.get(place or ""), community.building_of(place)):
        if node is not None and node.lat is not None and node.lon is not None:
            in_wgs84 = to_wgs84((node.lat, node.lon), node.datum)
            return None if in_wgs84 is None else to_gcj02(in_wgs84)
    return None
