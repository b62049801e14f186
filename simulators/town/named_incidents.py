"""Single incidents by the name of their kind: what a drill or a demo plays on devices of a town."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from domain import Instant
from simulators.events import Incident, TimedEvent
from simulators.town.citizens import source as citizens
from simulators.town.elders import source as elders
from simulators.town.elders.incidents import ELDER_INCIDENTS
from simulators.town.rooms import source as rooms
from simulators.town.rooms.source import ROOM_INCIDENTS
from simulators.town.sewers import drills as sewers
from simulators.town.street import source as street
from simulators.town.street.source import STREET_INCIDENTS
from simulators.town.town import Town
from simulators.town.water import drills as water

_Suitable = Callable[[Town, str, int], tuple[str, ...]]
_Play = Callable[[Town, str, Instant, int, Sequence[str]], tuple[Incident, Iterator[TimedEvent]]]
TITLES: Final[Mapping[str, str]] = {
    **{kind: definition.title for kind, definition in ROOM_INCIDENTS.items()},
    **{kind: definition.title for kind, definition in ELDER_INCIDENTS.items()},
    **{kind: definition.title for kind, definition in STREET_INCIDENTS.items()},
    **water.TITLES,
    **sewers.TITLES,
    **citizens.TITLES,
}
"""Kind -> title in Chinese."""


class NoSuitableDevice(ValueError):
    """The town has no devices on which an incident of this kind can play."""


def play_named(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]]:
    """One incident with its events, in order of time, on the given devices or on some that suit it.

    Of a room or the street it has the reports of the incident alone; of an elder, a meter or a manhole all reports of
    the devices concerned until its end, or a little longer; of a hazard without devices the reports of residents.
    Raises KeyError for a kind that is not in TITLES, and NoSuitableDevice.
    """
    title = TITLES[kind]
    found: tuple[Incident, Iterator[TimedEvent]] | None = None
    if kind in citizens.TITLES:
        found = citizens.play_incident(town, kind, begin, seed)
    elif kind in water.TITLES or kind in sewers.TITLES:
        play_found = water.play_incident if kind in water.TITLES else sewers.play_incident
        found = play_found(town, kind, begin, seed, devices)
    else:
        suitable, play = _of_plays(kind)
        if chosen := tuple(devices) or suitable(town, kind, seed):
            found = play(town, kind, begin, seed, chosen)
    if found is None:
        raise _no_device(kind, title)
    return found


def _of_plays(kind: str) -> tuple[_Suitable, _Play]:
    """How devices are chosen, and how they play, for a kind of rooms, of the street or of elders."""
    if kind in ROOM_INCIDENTS:
        return rooms.suitable_devices, rooms.RoomSource().play_incident
    if kind in STREET_INCIDENTS:
        return street.suitable_devices, street.StreetSource().play_incident
    return elders.suitable_devices, elders.play_incident


def _no_device(kind: str, title: str) -> NoSuitableDevice:
    return NoSuitableDevice(f"{kind} ({title}): no device and no place of this town suits it; name other devices")
