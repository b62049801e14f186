"""Single incidents at manholes of any town, for drills: with the reports of their devices alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Final

from domain import HOUR, Instant
from simulators.events import Incident, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.example_days import own_or_example_days
from simulators.town.incident_draws import pick
from simulators.town.sewers.catalogue import FLOODING, KINDS, Cause
from simulators.town.sewers.incidents import SewerSites, flooding_at, incident_at
from simulators.town.sewers.source import SewerSource, build_sites
from simulators.town.town import Period, Town

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {**{kind.name: kind.title for kind in KINDS.values()}, FLOODING: "暴雨井水满溢"}
)
"""Kind -> title in Chinese."""
_AFTER_MS: Final = HOUR
_ATTEMPTS: Final = 20


def play_incident(
    town: Town, kind: str, begin: Instant, seed: int, devices: Sequence[str] = ()
) -> tuple[Incident, Iterator[TimedEvent]] | None:
    """One incident with the reports of its devices from `begin` until an hour after its end.

    None where the town has no device for it. Raises KeyError for an unknown kind or device.
    """
    days = own_or_example_days(town)
    incident = _incident(build_sites(town, days), kind, begin, seed, devices)
    if incident is None:
        return None
    calendar = Calendar(town.timezone)
    period = Period(calendar.day_of(begin).midnight, incident.end + _AFTER_MS)
    events = SewerSource(days).events(town, [incident], period, seed)
    return incident, (event for event in events if begin <= event.at < period.end and _concerns(event, incident))


def _incident(sites: SewerSites, kind: str, begin: Instant, seed: int, devices: Sequence[str]) -> Incident | None:
    random = Random(f"{seed}/drill/{kind}/{begin}")
    device = devices[0] if devices else None
    if kind == FLOODING:
        return flooding_at(sites, random, begin, device)
    definition = KINDS[kind]
    device = device or pick(random, sites.with_gas if definition.cause is Cause.GAS else tuple(sites.devices))
    if device is None:
        return None
    # Gas of some random numbers never reaches a set point: others are tried.
    ids = (f"{kind}/drill/{begin}/{attempt}" for attempt in range(_ATTEMPTS))
    tries = (incident_at(definition, sites, random, begin, id_, device) for id_ in ids)
    return next(filter(None, tries), None)


def _concerns(timed: TimedEvent, incident: Incident) -> bool:
    return getattr(timed.event, "device", None) in (None, *incident.devices)
