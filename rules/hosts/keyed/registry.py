"""RegistrySlice: the part of the registry that the rules read of the devices of one key."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from domain import Cell, Device, Person, Place
from domain.levels import Level
from domain.people import Community, community
from domain.places import self_and_ancestors


class RegistrySlice(Struct, frozen=True):
    """Devices, and of their places and residents what conditions, subjects and addresses need. Serializable."""

    devices: tuple[Device, ...] = ()
    places: tuple[Place, ...] = ()
    cells: tuple[Cell, ...] = ()
    people: tuple[Person, ...] = ()
    levels: dict[str, Level] = {}
    homes_without_parts: tuple[str, ...] = ()
    """Homes that contain no other place (`Community.flats`), which a slice alone cannot know."""

    def as_community(self) -> Community:
        """The registry of this slice, with the roles of levels as the whole registry has them."""
        whole = community(self.places, self.cells, self.people)
        return replace(whole, levels={**whole.levels, **self.levels}, flats=frozenset(self.homes_without_parts))

    def merged_with(self, other: RegistrySlice) -> RegistrySlice:
        """Both; what the other says of a place, a cell or a person is newer."""
        return RegistrySlice(
            tuple({one.id: one for one in (*self.devices, *other.devices)}.values()),
            tuple({one.id: one for one in (*self.places, *other.places)}.values()),
            tuple({one.id: one for one in (*self.cells, *other.cells)}.values()),
            tuple({one.id: one for one in (*self.people, *other.people)}.values()),
            {**self.levels, **other.levels},
            tuple(dict.fromkeys((*self.homes_without_parts, *other.homes_without_parts))),
        )


def registry_slice(devices: Iterable[Device], whole: Community) -> RegistrySlice:
    """What the rules read of these devices."""
    members = tuple(devices)
    places: dict[str, Place] = {}
    people: dict[str, Person] = {}
    for device in members:
        bearer = whole.bearer_of(device)
        residents = whole.behind_door(device.place) if bearer is None else (bearer,)
        people |= {person.id: person for person in residents}
        for start in (device.place, None if bearer is None else bearer.home):
            places |= {place.id: place for place in self_and_ancestors(whole.places, start)}
    return RegistrySlice(
        members,
        tuple(places.values()),
        tuple(whole.cells[id] for id in dict.fromkeys(one.cell for one in places.values()) if id and id in whole.cells),
        tuple(people.values()),
        {place.level: whole.levels[place.level] for place in places.values() if place.level in whole.levels},
        tuple(id for id in places if id in whole.flats),
    )
