"""The incidents of water meters and leak detectors in a period, and what each does to a meter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from domain import HOUR, Device, Instant
from domain.holidays import is_workday
from simulators.events import Incident
from simulators.models.leaks import area_of
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.carried import carries
from simulators.town.hydraulics.days import CompoundWater, MainBurst
from simulators.town.incident_draws import BusyDevices, draw_incidents, instant_at, pick
from simulators.town.town import Period
from simulators.town.water.catalogue import KINDS, Deadline, Effect, IncidentKind, notify_by
from simulators.town.water.meters import FlowChange, HouseholdMeter

NOMINAL_HEAD_M: Final = 25.0
_LOSING_PCT: Final = 80
"""Buildings that get less of their demand than this are concerned by a burst main."""


class WaterSites:
    """Where water incidents can happen: meters of households that are no elder's alone, leak detectors, mains."""

    def __init__(
        self,
        meters: Mapping[str, HouseholdMeter],
        by_building: Mapping[str, Sequence[str]],
        detectors: Sequence[Device],
        mains: Sequence[CompoundWater],
        elders: frozenset[str],
    ) -> None:
        self.meters, self.by_building, self.detectors, self.mains = meters, by_building, detectors, mains
        # The meters of elders alone are for the people's incidents: no water used, and nothing else at the same time.
        self.ordinary = [id_ for id_ in meters if id_ not in elders]
        self.buildings = [building for building, inside in by_building.items() if inside]
        self._reporting: dict[str, list[str]] = {}

    def place_of(self, device: str) -> str | None:
        """The place of a meter or a detector. Raises KeyError for another device."""
        devices = {one.id: one.place for one in self.detectors} | {
            id_: one.device.place for id_, one in self.meters.items()
        }
        return devices[device]

    def reporting(self, quantity: str) -> Sequence[str]:
        """Ordinary meters whose messages carry a quantity; all of them without one."""
        if quantity not in self._reporting:
            meters = self.meters
            self._reporting[quantity] = [
                id_ for id_ in self.ordinary if not quantity or carries(meters[id_].device, quantity)
            ]
        return self._reporting[quantity]


def water_incidents(
    sites: WaterSites, calendar: Calendar, period: Period, seed: int, per_week: float
) -> list[Incident]:
    """The incidents of every kind, in order of `begin`."""
    busy = BusyDevices()
    found: list[Incident] = []
    # Those of many meters first: they find no room later.
    for kind in sorted(KINDS.values(), key=lambda kind: kind.effect not in (Effect.MAIN, Effect.NOT_DRAWN)):

        def make(random: Random, day: LocalDay, id_: str, kind: IncidentKind = kind) -> Incident | None:
            return _make(kind, sites, random, day, id_)

        found += draw_incidents(kind.name, period, calendar, seed, per_week, busy, make)
    return sorted(found, key=lambda incident: (incident.begin, incident.id))


def _make(kind: IncidentKind, sites: WaterSites, random: Random, day: LocalDay, id_: str) -> Incident | None:
    if day.date.month not in kind.months:
        return None
    return incident_at(kind, sites, random, day, instant_at(random, day, kind.from_hour), id_)


def incident_at(
    kind: IncidentKind,
    sites: WaterSites,
    random: Random,
    day: LocalDay,
    begin: Instant,
    id_: str,
    devices: tuple[str, ...] = (),
) -> Incident | None:
    """One incident that begins at an instant of a day, on the given meter or detector or on some that suit it.

    None where the town has no place for it.
    """
    end = begin + round(random.uniform(*kind.hours) * HOUR)
    where = (sites.place_of(devices[0]), devices) if devices else _where(kind, sites, random, begin - day.midnight, day)
    if where is None or not where[1]:
        return None
    place, concerned = where
    hourly = kind.deadline is Deadline.LEAK_FLAG and sites.meters[concerned[0]].is_hourly
    return Incident(
        id=id_,
        kind=kind.name,
        title=kind.title,
        hazard="water",
        begin=begin,
        end=end,
        devices=concerned,
        notify_by=notify_by(kind, begin, day.midnight, hourly=hourly),
        place=place,
        roles=("maintenance",) if kind.deadline is Deadline.NEXT_MORNING else (),
    )


def _where(
    kind: IncidentKind, sites: WaterSites, random: Random, since_midnight: int, day: LocalDay
) -> tuple[str | None, tuple[str, ...]] | None:
    if kind.device_kind == "water_leak":
        detector = pick(random, sites.detectors)
        return None if detector is None else (detector.place, (detector.id,))
    if kind.effect is Effect.MAIN:
        return _burst_site(sites, random, since_midnight // HOUR + (0 if is_workday(day.date) else 24))
    if kind.effect is Effect.NOT_DRAWN:
        building = pick(random, sites.buildings)
        return None if building is None else (building, tuple(sites.by_building[building]))
    meter = pick(random, sites.reporting("leak" if kind.deadline is Deadline.LEAK_FLAG else kind.flag))
    return None if meter is None else (sites.meters[meter].device.place, (meter,))


def _burst_site(sites: WaterSites, random: Random, hour: int) -> tuple[str, tuple[str, ...]] | None:
    main = pick(random, sites.mains)
    if main is None:
        return None
    burst = random.choice(main.bursts)
    losing = [
        building
        for building, series in zip(main.buildings, burst.delivered_pct, strict=True)
        if series[hour] < _LOSING_PCT
    ]
    return burst.at, tuple(meter for building in losing for meter in sites.by_building.get(building, ()))


class Changes:
    """What the incidents of a run do to every meter."""

    def __init__(self, sites: WaterSites, incidents: Sequence[Incident], seed: int) -> None:
        self.by_meter: dict[str, list[FlowChange]] = {}
        for incident in incidents:
            kind = KINDS.get(incident.kind)
            if kind is not None and kind.effect is not Effect.WET:
                for meter, change in self._of(sites, incident, kind, Random(f"{seed}/play/{incident.id}")):
                    self.by_meter.setdefault(meter, []).append(change)

    def _of(
        self, sites: WaterSites, incident: Incident, kind: IncidentKind, random: Random
    ) -> Iterator[tuple[str, FlowChange]]:
        if kind.effect is Effect.MAIN:
            yield from _of_burst_main(sites, incident, kind)
            return
        flows_from = incident.begin + round(kind.delay_h * HOUR)
        litres_h = random.uniform(*kind.litres_h)
        area = area_of(litres_h, NOMINAL_HEAD_M) if kind.effect is Effect.FLOW else 0.0
        change = FlowChange(incident, kind, flows_from, area, 0.0 if area else litres_h)
        yield from ((meter, change) for meter in incident.devices if meter in sites.meters)


def _of_burst_main(sites: WaterSites, incident: Incident, kind: IncidentKind) -> Iterator[tuple[str, FlowChange]]:
    main, burst = burst_of(sites.mains, incident)
    for building, delivered in zip(main.buildings, burst.delivered_pct, strict=True):
        change = FlowChange(incident, kind, incident.begin, delivered_pct=delivered)
        yield from ((meter, change) for meter in sites.by_building.get(building, ()) if meter in incident.devices)


def burst_of(mains: Sequence[CompoundWater], incident: Incident) -> tuple[CompoundWater, MainBurst]:
    """The main and the burst of an incident. Its place is the building that the burst is next to."""
    return next((main, burst) for main in mains for burst in main.bursts if burst.at == incident.place)


def reported_at(incident: Incident, seed: int) -> Instant:
    """When a resident reports water in the road: 8 to 20 minutes after the burst."""
    return incident.begin + round(Random(f"{seed}/report/{incident.id}").uniform(8.0, 20.0) * 60_000)
