"""Single incidents by the name of their kind: what a drill or a demo plays on devices of a town."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from domain import Instant
from simulators.events import Incident, TimedEvent
from simulators.town.elders import source as elders
from simulators.town.elders.incidents import ELDER_INCIDENTS
from simulators.town.rooms import source as rooms
from simulators.town.rooms.source import ROOM_INCIDENTS
from simulators.town.sewers import drills as sewers
from simulators.town.town import Town
from simulators.town.water import drills as water

TITLES: Final[Mapping[str, str]] = {
    **{kind: definition.title for kind, definition in ROOM_INCIDENTS.items()},
    **{kind: definition.title for kind, definition in ELDER_INCIDENTS.items()},
    **water.TITLES,
    **sewers.TITLES,
}
"""Kind -> title in Chinese."""


class NoSuitableDevice(ValueError):
    """The town has no devices on which an incident of this kind can play."""


def play_named(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]]:
    """One incident with its events, in order of time, on the given devices or on some that suit it.

    Of a room it has the reports of the incident alone; of an elder, a meter or a manhole all reports of the devices
    concerned until its end, or a little longer.
    Raises KeyError for a kind that is not in TITLES, and NoSuitableDevice.
    """
    title = TITLES[kind]
    if kind in water.TITLES or kind in sewers.TITLES:
        play_found = water.play_incident if kind in water.TITLES else sewers.play_incident
        found = play_found(town, kind, begin, seed, devices)
        if found is None:
            raise _no_device(kind, title)
        return found
    suitable, play = (
        (rooms.suitable_devices, rooms.RoomSource().play_incident)
        if kind in ROOM_INCIDENTS
        else (elders.suitable_devices, elders.play_incident)
    )
    chosen = tuple(devices) or suitable(town, kind, seed)
    if not chosen:
        raise _no_device(kind, title)
    return play(town, kind, begin, seed, chosen)


def _no_device(kind: str, title: str) -> NoSuitableDevice:
    return NoSuitableDevice(f"{kind} ({title}): no device of this town can play it; name other devices")
