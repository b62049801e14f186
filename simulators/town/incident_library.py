"""The incidents that a drill or a demo can name, and how they are played on the devices of a town."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from importlib import resources
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import yaml
from msgspec import Struct

from domain import Instant
from simulators.events import Incident, Measurement, TimedEvent
from simulators.models.devices import device_model
from simulators.town.named_incidents import NoSuitableDevice, play_named
from simulators.town.town import Town


class NamedIncident(Struct, frozen=True, forbid_unknown_fields=True):
    """One incident of the library.

    `kind` is what the sources of a town play, `rules` the ids of the rules whose findings have to open. `drill` names
    the exercise that calls staff for it. `silence`: it shows in what devices do not report. `device_kind`: the kind of
    device on which it is played where a site has none that suits it better.
    """

    name: str
    title: str
    english: str
    kind: str
    rules: tuple[str, ...]
    drill: str = ""
    silence: bool = False
    device_kind: str = ""


def _read() -> tuple[NamedIncident, ...]:
    text = resources.files("simulators.town").joinpath("incident_library.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), tuple[NamedIncident, ...])


LIBRARY: Final = _read()
_TRIES: Final = 12


def find_incident(name: str) -> NamedIncident | None:
    """The incident with this name or Chinese title."""
    return next((one for one in LIBRARY if name in (one.name, one.title)), None)


def play_incident(
    town: Town, named: NamedIncident, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]]:
    """The incident with its events in order of time, on the given devices or on some that suit it.

    Each of its devices first reports once that all is well, so that silence afterwards is noticed. Raises
    NoSuitableDevice, and KeyError for a device that the town has not.
    """
    incident, events = _played(town, named, begin, seed, devices)
    concerned = set(incident.devices)
    zone = ZoneInfo(town.timezone)
    ordinary = [
        TimedEvent(begin, Measurement(device.id, device_model(device, seed, zone).measure(begin)))
        for device in town.devices
        if device.id in concerned and device.kind != "water_meter"
    ]
    return incident, heapq.merge(ordinary, events, key=lambda timed: timed.at)


def _played(
    town: Town, named: NamedIncident, begin: Instant, seed: int, devices: Sequence[str]
) -> tuple[Incident, Iterator[TimedEvent]]:
    try:
        found = play_named(town, named.kind, begin, seed, devices)
    except NoSuitableDevice:
        possible = [device.id for device in town.devices if device.kind == named.device_kind]
        if not possible:
            raise
        return play_named(town, named.kind, begin, seed, [Random(f"{seed}/drill/{named.name}").choice(possible)])
    # Devices that report once a day are not missed within a power cut of some hours: others are tried.
    tries = (play_named(town, named.kind, begin, seed + more, devices) for more in range(1, _TRIES))
    return found if found[0].notify_by or not named.silence else next((one for one in tries if one[0].notify_by), found)
