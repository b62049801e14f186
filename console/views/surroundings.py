"""The doors beside an alert: those of the same unit, with open alerts and who needs help behind them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Person, Place
from domain.care import vulnerability
from domain.levels import LevelRole
from domain.people import Community

HOUSEHOLDS_MAX: Final = 120
NEEDS_HELP_MIN: Final = 2
"""Points of domain.care.vulnerability: an adult who lives alone, or somebody of 70."""


class Household(Struct, frozen=True):
    """A household of the unit. `here`: the alert's own. `people` need help to leave."""

    place: Place
    here: bool
    people: tuple[Person, ...]


def unit_of(community: Community, place: str | None) -> Place | None:
    """What the doors share: the parent of the alert's household, else the alert's place where it contains doors."""
    household = community.household_of(place)
    if household is not None:
        return community.places.get(household.parent or "")
    return community.building_of(place)


def households_of(community: Community, unit: Place, place: str | None) -> Sequence[Household]:
    """The doors of a unit in the order of their names, at most HOUSEHOLDS_MAX."""
    own = community.household_of(place)
    inside = [
        one
        for one in community.places.values()
        if one.parent == unit.id and community.role_of(one) is LevelRole.HOUSEHOLD
    ]
    inside.sort(key=lambda one: (len(one.name), one.name))
    return [
        Household(one, own is not None and one.id == own.id, _in_need(community, one))
        for one in inside[:HOUSEHOLDS_MAX]
    ]


def open_by_household(community: Community, alerts: Sequence[Mapping[str, object]]) -> Mapping[str, list[str]]:
    """Ids of alerts by the door they are behind."""
    found: dict[str, list[str]] = {}
    for alert in alerts:
        household = community.household_of(str(alert["place"]))
        if household is not None:
            found.setdefault(household.id, []).append(str(alert["id"]))
    return found


def _in_need(community: Community, household: Place) -> tuple[Person, ...]:
    return tuple(one for one in community.residents(household.id) if vulnerability([one]).points >= NEEDS_HELP_MIN)
