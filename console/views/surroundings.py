"""The doors around an alert: those of the same stairwell, with open alerts and who needs help behind them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from console.schemas.surroundings import Position
from console.views.doors import Door, door_of, position_of, stairwell_of
from domain import Device, Person, Place
from domain.care import vulnerability
from domain.kind import Kind
from domain.levels import LevelRole
from domain.people import Community
from domain.places import self_and_ancestors

HOUSEHOLDS_MAX: Final = 120
NEEDS_HELP_MIN: Final = 2
"""Points of domain.care.vulnerability: an adult who lives alone, or somebody of 70."""
_MEASURED: Final = frozenset({"lel_pct", "co_ppm", "ch4_pct", "h2s_ppm", "temp_c", "water_level_mm"})


class Household(Struct, frozen=True):
    """A household of the unit. `here`: the alert's own. `people` need help to leave."""

    place: Place
    here: bool
    people: tuple[Person, ...]
    door: Door = Door()
    position: Position | None = None


class Mark(Struct, frozen=True):
    """A device on a plan, in per cent of its width from the left and of its height from the top."""

    device: Device
    x: float
    y: float


def unit_of(community: Community, place: str | None) -> Place | None:
    """What the doors share: the stairwell of the alert's household, else the alert's place where it contains doors."""
    household = community.household_of(place)
    if household is not None:
        return stairwell_of(community, household)
    return community.building_of(place)


def households_of(community: Community, unit: Place, place: str | None) -> Sequence[Household]:
    """The doors of a unit in the order of their names, at most HOUSEHOLDS_MAX."""
    own = community.household_of(place)
    own_door = None if own is None else door_of(community, own)
    children = community.place_tree.children
    storeys = [one.id for one in children(unit.id) if _is_floor(community, one)]
    below = (one for above in (unit.id, *storeys) for one in children(above))
    inside = [one for one in below if community.role_of(one) is LevelRole.HOUSEHOLD]
    inside.sort(key=lambda one: (len(one.name), one.name, one.id))
    found = []
    for one in inside[:HOUSEHOLDS_MAX]:
        here, door = own is not None and one.id == own.id, door_of(community, one)
        position = None if here else position_of(door, own_door)
        found.append(Household(one, here, _in_need(community, one), door, position))
    return found


def _is_floor(community: Community, place: Place) -> bool:
    return community.role_of(place) is LevelRole.FLOOR


def open_by_household(community: Community, alerts: Sequence[Mapping[str, object]]) -> Mapping[str, list[str]]:
    """Ids of alerts by the door they are behind."""
    found: dict[str, list[str]] = {}
    for alert in alerts:
        household = community.household_of(str(alert["place"]))
        if household is not None:
            found.setdefault(household.id, []).append(str(alert["id"]))
    return found


def devices_by_household(community: Community, devices: Sequence[Device]) -> Mapping[str, list[Device]]:
    """Installed devices by the door they are behind; what a person wears is not at the door."""
    found: dict[str, list[Device]] = {}
    for device in devices:
        household = None if "person" in device.attributes else community.household_of(device.place)
        if household is not None:
            found.setdefault(household.id, []).append(device)
    return found


def danger_quantities(kind: Kind | None) -> Collection[str]:
    """The quantities of a detector that tell whether there is danger: its verdicts, and what it measures of the air or
    the water.

    None of other devices: whether a neighbour's door is open or a room occupied is not for others to see.
    """
    own = {} if kind is None else kind.quantities
    dangers = [name for name, one in own.items() if one.danger and not one.event]
    return (*dangers, *(name for name in own if name in _MEASURED)) if dangers else ()


def plans_around(community: Community, place: str | None, drawn: Collection[str]) -> Sequence[Place]:
    """The places around (and with) this one that have a plan, nearest first."""
    return [node for node in self_and_ancestors(community.places, place) if node.id in drawn]


def marks_on(community: Community, plan: Place, drawn: Collection[str], devices: Sequence[Device]) -> Iterator[Mark]:
    """The devices that stand on this plan: the nearest around each of them, at its attributes plan_x and plan_y."""
    for device in devices:
        nearest = plans_around(community, device.place, drawn)[:1]
        x, y = (_per_cent(device.attributes.get(name)) for name in ("plan_x", "plan_y"))
        if nearest == [plan] and x is not None and y is not None:
            yield Mark(device, x, y)


def _per_cent(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None


def _in_need(community: Community, household: Place) -> tuple[Person, ...]:
    return tuple(one for one in community.residents(household.id) if vulnerability([one]).points >= NEEDS_HELP_MIN)
