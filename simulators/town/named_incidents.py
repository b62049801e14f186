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
from simulators.town.town import Town

TITLES: Final[Mapping[str, str]] = {
    **{kind: definition.title for kind, definition in ROOM_INCIDENTS.items()},
    **{kind: definition.title for kind, definition in ELDER_INCIDENTS.items()},
}
"""Kind -> title in Chinese."""


class NoSuitableDevice(ValueError):
    """The town has no devices on which an incident of this kind can play."""


def play_named(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]]:
    """One incident with its events, in order of time, on the given devices or on some that suit it.

    Of a room it has the reports of the incident alone; of an elder all reports of that person's devices until its end.
    Raises KeyError for a kind that is not in TITLES, and NoSuitableDevice.
    """
    title = TITLES[kind]
    suitable, play = (
        (rooms.suitable_devices, rooms.RoomSource().play_incident)
        if kind in ROOM_INCIDENTS
        else (elders.suitable_devices, elders.play_incident)
    )
    chosen = tuple(devices) or suitable(town, kind, seed)
    if not chosen:
        raise NoSuitableDevice(f"{kind} ({title}): no device of this town can play it; name other devices")
    return play(town, kind, begin, seed, chosen)
