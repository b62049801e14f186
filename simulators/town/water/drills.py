"""Single incidents at meters and leak detectors of any town, for drills: with the reports of their devices alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from domain import HOUR, Instant
from simulators.events import Incident, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.example_days import own_or_example_days
from simulators.town.town import Period, Town
from simulators.town.water.catalogue import KINDS, LAST_UPLOAD_MS
from simulators.town.water.incidents import incident_at
from simulators.town.water.source import WaterSource, build_sites

NO_WATER_USED: Final = "no_water_used"
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {**{kind.name: kind.title for kind in KINDS.values()}, NO_WATER_USED: "久未用水"}
)
"""Kind -> title in Chinese."""
_NO_USE_MS: Final = 36 * HOUR
_NO_USE_NOTIFY_MS: Final = 25 * HOUR
"""Twelve hours without a flush (water-no-use), told by a meter that uploads once a day, and an hour."""


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]] | None:
    """One incident with the reports of its devices from `begin` until the upload after its end and its deadline.

    None where the town has no device for it. Raises KeyError for an unknown kind or device.
    """
    if kind == NO_WATER_USED:
        return _no_water_used(town, begin, seed, devices)
    days, calendar = own_or_example_days(town), Calendar(town.timezone)
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


def _no_water_used(
    town: Town, begin: Instant, seed: int, devices: Sequence[str]
) -> tuple[Incident, Iterator[TimedEvent]] | None:
    """An elder who lives alone does not get up: all that the meter has to show is a counter that stands still."""
    alone = {home.place: home.residents for home in town.households if home.has_elder_alone}
    meters = [
        device
        for device in town.devices
        if device.kind == "water_meter" and device.place in alone and (not devices or device.id in devices)
    ]
    if not meters:
        return None
    meter = Random(f"{seed}/drill/{NO_WATER_USED}/{begin}").choice(meters)
    incident = Incident(
        id=f"{NO_WATER_USED}/drill/{begin}",
        kind=NO_WATER_USED,
        title=TITLES[NO_WATER_USED],
        hazard="person",
        begin=begin,
        end=begin + _NO_USE_MS,
        devices=(meter.id,),
        notify_by=begin + _NO_USE_NOTIFY_MS,
        place=meter.place,
        people=alone[meter.place or ""],
        life_safety=True,
    )
    period = Period(Calendar(town.timezone).day_of(begin).midnight, incident.end)
    events = WaterSource(own_or_example_days(town)).events(replace(town, devices=(meter,)), [incident], period, seed)
    return incident, (timed for timed in events if timed.at >= begin)
