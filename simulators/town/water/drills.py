"""Single incidents at meters and leak detectors of any town, for drills: with the reports of their devices alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from domain import Instant
from simulators.events import Incident, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.borrowed import days_or_borrowed
from simulators.town.town import Period, Town
from simulators.town.water.catalogue import KINDS, LAST_UPLOAD_MS
from simulators.town.water.incidents import incident_at
from simulators.town.water.source import WaterSource, build_sites

TITLES: Final[Mapping[str, str]] = MappingProxyType({kind.name: kind.title for kind in KINDS.values()})
"""Kind -> title in Chinese."""


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]] | None:
    """One incident with the reports of its devices from `begin` until the upload after its end and its deadline.

    None where the town has no device for it. Raises KeyError for an unknown kind or device.
    """
    days, calendar = days_or_borrowed(town), Calendar(town.timezone)
    sites, day = build_sites(town, days.water, seed), calendar.day_of(begin)
    random = Random(f"{seed}/drill/{kind}/{begin}")
    incident = incident_at(KINDS[kind], sites, random, day, begin, f"{kind}/drill/{begin}", tuple(devices))
    if incident is None:
        return None
    concerned = tuple(device for device in town.devices if device.id in incident.devices)
    last = calendar.next(calendar.day_of(max(incident.end, incident.notify_by or 0)))
    period = Period(day.midnight, last.midnight + LAST_UPLOAD_MS)
    events = WaterSource(days).events(replace(town, devices=concerned), [incident], period, seed)
    return incident, (timed for timed in events if begin <= timed.at < period.end)
