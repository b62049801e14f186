"""A town made of the records of a real site: what incidents can be played on for a drill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain import Cell, Device, Duty, Person, Place
from domain.levels import LevelRole, understood
from simulators.town.town import Household, Town

PRESET = "site"
_KITCHEN_M3 = 12.0


def town_of_site(
    places: Sequence[Place],
    cells: Sequence[Cell],
    people: Sequence[Person],
    duties: Sequence[Duty],
    devices: Sequence[Device],
    timezone: str,
) -> Town:
    """The records with a household for each home.

    A home is a place where a registered person lives, or one whose level is a household. What a register does not say
    is usual: a kitchen of 12 m³ on the ground floor. An elder lives alone where the attribute `lives_alone` says so.
    """
    homes: dict[str, list[Person]] = {}
    for person in people:
        if person.home:
            homes.setdefault(person.home, []).append(person)
    inside: dict[str, list[str]] = {}
    for device in devices:
        inside.setdefault(device.place or "", []).append(device.id)
    households = tuple(
        Household(
            place=home,
            residents=tuple(person.id for person in homes.get(home, ())),
            devices=tuple(inside.get(home, ())),
            floor=1,
            volume_m3=_KITCHEN_M3,
            has_elder_alone=any(person.attributes.get("lives_alone") is True for person in homes.get(home, ())),
        )
        for home in _homes(places, homes)
    )
    return Town(
        preset=PRESET,
        seed=0,
        timezone=timezone,
        places=tuple(places),
        cells=tuple(cells),
        people=tuple(people),
        duties=tuple(duties),
        devices=tuple(devices),
        households=households,
    )


def _homes(places: Sequence[Place], homes: Mapping[str, Sequence[Person]]) -> Iterable[str]:
    tree = {place.id: place for place in places}
    residents = {home: tuple(person.id for person in inside) for home, inside in homes.items()}
    roles = understood(tree, {}, residents)
    return [place.id for place in places if place.id in homes or roles[place.level].role is LevelRole.HOUSEHOLD]
