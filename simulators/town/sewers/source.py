"""The manholes of a town as a source of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from domain import HOUR, MINUTE, Instant
from simulators.events import CitizenReport, GroundTruth, Incident, TimedEvent
from simulators.models.manhole_device import ManholeDevice, manhole_device
from simulators.town.calendar_days import Calendar
from simulators.town.carried import carries
from simulators.town.hydraulics.days import TownDays
from simulators.town.networks import MANHOLE, Content, devices_of, networks_of
from simulators.town.sewers.catalogue import BLOCKAGE, FLOODING, KINDS
from simulators.town.sewers.incidents import SewerSites, sewer_incidents
from simulators.town.sewers.levels import Levels, Weather
from simulators.town.sewers.manholes import LocalIncident, ManholeDay, Today, local_incident
from simulators.town.town import Period, Town

_TEXTS: Final = {
    FLOODING: ("flood", "路上全是水，井盖在冒水"),
    BLOCKAGE: ("flood", "井里往外冒污水，很臭"),
}
_COVER_TEXT: Final = ("manhole", "井盖不见了，路中间一个洞")
_AWAKE: Final = (7 * HOUR, 21 * HOUR)
_SEEN: Final = 0.5
"""The share of what can be seen that a resident reports: ours (unverified)."""


class SewerSource:
    """Manholes. `days` are those of the same town."""

    kinds: frozenset[str] = frozenset({MANHOLE})

    def __init__(self, days: TownDays) -> None:
        self._days = days
        self._built: tuple[tuple[str, int], SewerSites] | None = None

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """Incidents of every kind of the catalogue, in order of `begin`. Cloudbursts from May to September only."""
        return sewer_incidents(self._sites(town), Calendar(town.timezone), period, seed, per_week)

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """What manholes report, and residents of what they see, in order of time."""
        sites, calendar = self._sites(town), Calendar(town.timezone)
        wells = {
            well.device: (well.depth_mm, line.content is not Content.RAIN)
            for line in sites.networks.sewers
            for well in line.manholes
        }
        levels, weather = Levels(self._days, wells, incidents), Weather(calendar, seed)
        traits = {id_: manhole_device(id_, seed) for id_ in sites.devices}
        local = _by_device(incidents)
        for day in calendar.days(period):
            today = Today(day, tuple(weather.spells(day)), weather.dry_days(day))
            found = list(_day(sites, traits, levels, local, today))
            found += [event for event in _seen(incidents, sites, calendar, seed) if calendar.day_of(event.at) == day]
            found.sort(key=lambda timed: timed.at)
            yield from found

    def _sites(self, town: Town) -> SewerSites:
        key = (town.preset, town.seed)
        if self._built is None or self._built[0] != key:
            self._built = key, build_sites(town, self._days)
        return self._built[1]


def build_sites(town: Town, days: TownDays) -> SewerSites:
    """Where incidents of manholes can happen."""
    networks = networks_of(town)
    foul = {well.device for line in networks.sewers if line.content is not Content.RAIN for well in line.manholes}
    known = {device for line in days.sewers for device in line.manholes}
    devices = {device.id: device for device in devices_of(town, MANHOLE) if device.id in known}
    with_gas = tuple(
        id_ for id_, one in devices.items() if id_ in foul and carries(one, "ch4_pct") and carries(one, "h2s_ppm")
    )
    return SewerSites(networks, days.sewers, devices, with_gas, tuple(sorted(town.workers("maintenance"))))


def _by_device(incidents: Sequence[Incident]) -> dict[str, list[LocalIncident]]:
    found: dict[str, list[LocalIncident]] = {}
    for one in filter(None, map(local_incident, incidents)):
        for device in one.incident.devices:
            found.setdefault(device, []).append(one)
    return found


def _day(
    sites: SewerSites,
    traits: dict[str, ManholeDevice],
    levels: Levels,
    local: dict[str, list[LocalIncident]],
    today: Today,
) -> Iterator[TimedEvent]:
    for id_, device in sites.devices.items():
        yield from ManholeDay(device, traits[id_], levels, local.get(id_, ()), today).events()


def _seen(incidents: Sequence[Incident], sites: SewerSites, calendar: Calendar, seed: int) -> Iterator[TimedEvent]:
    """What happens, and what residents report of it by day."""
    for incident in incidents:
        if not incident.devices or incident.devices[0] not in sites.devices:
            continue
        yield TimedEvent(incident.begin, GroundTruth(incident.devices[0], incident.title))
        random = Random(f"{seed}/seen/{incident.id}")
        at = _visible_from(incident) + round(random.uniform(4 * MINUTE, 25 * MINUTE))
        since_midnight = at - calendar.day_of(at).midnight
        text = _text_of(incident)
        if text is not None and random.random() < _SEEN and _AWAKE[0] <= since_midnight < _AWAKE[1]:
            report = CitizenReport(incident.place or "", *text, photos=1, incident=incident.id)
            yield TimedEvent(at, report)


def _visible_from(incident: Incident) -> Instant:
    """Water is seen when a well is full, which is shortly before the deadline."""
    return (incident.notify_by or incident.begin) if incident.kind in _TEXTS else incident.begin


def _text_of(incident: Incident) -> tuple[str, str] | None:
    kind = KINDS.get(incident.kind)
    return _COVER_TEXT if kind is not None and kind.is_reported else _TEXTS.get(incident.kind)
