"""The water of a town as a source of events: meters that upload a day or every hour, and leak detectors.

A meter that uploads once a day sends one batch: the counter at the 24 full hours of the day before, with its flags at
the last. It does so between 00:05 and 05:00 at a minute of its own, and 10 to 60 s later at random (DB35/T 2106-2022
asks for that).
Burst, magnet and backflow are uploaded when they begin, again every hour, and when they are over.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random
from typing import Final

from domain import HOUR, MINUTE, SECOND, Device, Instant
from domain.levels import LevelRole
from simulators.events import Batch, CitizenReport, GroundTruth, Incident, Measurement, TimedEvent, TimedValues
from simulators.models.water_demand import Demand
from simulators.models.water_meter import meter_type
from simulators.town.calendar_days import Calendar, LocalDay
from simulators.town.hydraulics.days import CompoundWater, TownDays
from simulators.town.networks import devices_of, place_with_role
from simulators.town.town import Household, Period, Town
from simulators.town.water.catalogue import KINDS, Effect
from simulators.town.water.demands import ElderDemand, HourlyDemand, concerning
from simulators.town.water.detectors import detector_events
from simulators.town.water.incidents import Changes, WaterSites, reported_at, water_incidents
from simulators.town.water.meters import HouseholdMeter

_UPLOADS_MIN: Final = (5, 295)
"""Minutes after midnight between which daily meters upload."""
_HOURLY_WITHIN_S: Final = 540
_AGAIN_MS: Final = HOUR
_DEFAULT_HEAD_DM: Final = (250,) * 48
_Q3_M3H: Final = 2.5


class WaterSource:
    """Water meters and leak detectors. `days` are those of the same town."""

    kinds: frozenset[str] = frozenset({"water_meter", "water_leak"})

    def __init__(self, days: TownDays) -> None:
        self._days = days
        self._built: tuple[tuple[str, int, int], WaterSites] | None = None

    def incidents(self, town: Town, period: Period, seed: int, per_week: float) -> Sequence[Incident]:
        """Incidents of every kind of the catalogue, in order of `begin`."""
        return water_incidents(self._sites(town, seed), Calendar(town.timezone), period, seed, per_week)

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, seed: int) -> Iterator[TimedEvent]:
        """What meters and detectors report, and residents of a burst main, in order of time.

        `incidents` are those of the whole run: what flowed in one that is over stays in the counter.
        """
        sites, calendar = self._sites(town, seed), Calendar(town.timezone)
        _set_incidents(town, sites, incidents, seed)
        streams = (
            _daily(sites, calendar, period, seed),
            _hourly(sites, calendar, period, seed),
            detector_events(sites.detectors, incidents, calendar, period, seed),
            iter(sorted(_alarms(sites, incidents, calendar, period, seed), key=_time)),
        )
        return heapq.merge(*streams, key=_time)

    def _sites(self, town: Town, seed: int) -> WaterSites:
        """Built once for a town: a district has 60,000 meters."""
        key = (town.preset, town.seed, seed)
        if self._built is None or self._built[0] != key:
            self._built = key, build_sites(town, self._days.water, seed)
        return self._built[1]


def _time(timed: TimedEvent) -> Instant:
    return timed.at


def build_sites(town: Town, mains: Sequence[CompoundWater], seed: int) -> WaterSites:
    """The meters of a town, and where incidents can happen."""
    calendar = Calendar(town.timezone)
    places = {place.id: place for place in town.places}
    heads = {one: head for main in mains for one, head in zip(main.buildings, main.head_dm, strict=True)}
    households = {household.place: household for household in town.households}
    meters: dict[str, HouseholdMeter] = {}
    by_building: dict[str, list[str]] = {building: [] for main in mains for building in main.buildings}
    elders: set[str] = set()
    for device in devices_of(town, "water_meter"):
        household = households.get(device.place or "")
        is_elder = household is not None and household.has_elder_alone
        building = place_with_role(places, device.place, LevelRole.BUILDING) or ""
        type_ = meter_type(device.id, _q3(device), fine=is_elder)
        demand = _demand(town, household, device, calendar, seed)
        meters[device.id] = HouseholdMeter(device, type_, demand, heads.get(building, _DEFAULT_HEAD_DM), calendar)
        by_building.setdefault(building, []).append(device.id)
        if is_elder:
            elders.add(device.id)
    return WaterSites(meters, by_building, devices_of(town, "water_leak"), mains, frozenset(elders))


def _q3(device: Device) -> float:
    q3 = device.attributes.get("q3_m3h", _Q3_M3H)
    return float(q3) if isinstance(q3, int | float) else _Q3_M3H


def _demand(town: Town, household: Household | None, device: Device, calendar: Calendar, seed: int) -> HourlyDemand:
    if household is None:
        return Demand(seed, device.id, 0)
    if household.has_elder_alone:
        return ElderDemand(town, household, calendar, seed)
    return Demand(seed, household.place, len(household.residents))


def _set_incidents(town: Town, sites: WaterSites, incidents: Sequence[Incident], seed: int) -> None:
    changes = Changes(sites, incidents, seed)
    elders = {household.place: household for household in town.households if household.has_elder_alone}
    for id_, meter in sites.meters.items():
        household = elders.get(meter.device.place or "")
        absences = concerning(household, incidents) if household is not None else ()
        meter.set_incidents(changes.by_meter.get(id_, ()), absences)


def _daily(sites: WaterSites, calendar: Calendar, period: Period, seed: int) -> Iterator[TimedEvent]:
    """Batches of the meters that upload once a day, in the order of their minute."""
    meters = [(Random(f"upload/{id_}").randrange(*_UPLOADS_MIN), id_, meter) for id_, meter in sites.meters.items()]
    meters = [one for one in meters if not one[2].is_hourly]
    for day in calendar.days(period):
        jitter = Random(f"{seed}/uploads/{day.midnight}")
        due = [
            (day.midnight + minute * MINUTE + jitter.randrange(10 * SECOND, 60 * SECOND), id_, meter)
            for minute, id_, meter in meters
        ]
        due.sort(key=lambda one: one[:2])
        yesterday = calendar.next(day, -1)
        for at, id_, meter in due:
            yield TimedEvent(at, Batch(id_, _entries(meter, yesterday)))


def _entries(meter: HouseholdMeter, day: LocalDay) -> tuple[TimedValues, ...]:
    """The counter at the end of every hour of the day; the last entry has all that the meter reports."""
    counters = meter.counters_l(day)
    shown, midnight = meter.type.shown_m3, day.midnight
    entries = [TimedValues(midnight + hour * HOUR, {"volume_m3": shown(counters[hour])}) for hour in range(1, 24)]
    end = midnight + 24 * HOUR
    used = [after - before for before, after in pairwise(counters)]
    entries.append(TimedValues(end, {"volume_m3": shown(counters[24]), **meter.status(end, used)}))
    return tuple(entries)


def _hourly(sites: WaterSites, calendar: Calendar, period: Period, seed: int) -> Iterator[TimedEvent]:
    """Measurements of the meters that report every hour, a few minutes after it."""
    meters = [(id_, meter) for id_, meter in sites.meters.items() if meter.is_hourly]
    after = {id_: Random(f"upload/{id_}").randrange(_HOURLY_WITHIN_S) * SECOND for id_, _ in meters}
    for day in calendar.days(period):
        jitter = Random(f"{seed}/uploads/{day.midnight}")
        events: list[TimedEvent] = []
        for id_, meter in meters:
            before = meter.hours(calendar.next(day, -1))
            used, counters = (*before, *meter.hours(day)), meter.counters_l(day)
            for hour in range(24):
                at = day.midnight + hour * HOUR + after[id_] + jitter.randrange(10 * SECOND, 60 * SECOND)
                values = {"volume_m3": meter.type.shown_m3(counters[hour]), **meter.status(at, used[hour : hour + 24])}
                events.append(TimedEvent(at, Measurement(id_, values)))
        events.sort(key=_time)
        yield from events


def _alarms(
    sites: WaterSites, incidents: Sequence[Incident], calendar: Calendar, period: Period, seed: int
) -> Iterator[TimedEvent]:
    """What happens, what meters upload at once, and what residents report."""
    for incident in incidents:
        kind = KINDS.get(incident.kind)
        if kind is None or not incident.devices:
            continue
        yield from _within(period, [TimedEvent(incident.begin, GroundTruth(incident.devices[0], kind.title))])
        if kind.effect is Effect.MAIN:
            yield from _within(period, [_report(incident, seed)])
        elif kind.flag:
            yield from _within(period, _flag_uploads(sites.meters[incident.devices[0]], incident, calendar))


def _within(period: Period, events: Sequence[TimedEvent]) -> Iterator[TimedEvent]:
    yield from (event for event in events if period.start <= event.at < period.end)


def _flag_uploads(meter: HouseholdMeter, incident: Incident, calendar: Calendar) -> list[TimedEvent]:
    change = next(change for change in meter.changes if change.incident.id == incident.id)
    if change.flag_from >= incident.end:
        return []
    instants = [*range(change.flag_from, change.flag_until, _AGAIN_MS), change.flag_until]
    return [_upload(meter, at, calendar, urgent=at in (instants[0], instants[-1])) for at in instants]


def _upload(meter: HouseholdMeter, at: Instant, calendar: Calendar, *, urgent: bool) -> TimedEvent:
    day = calendar.day_of(at)
    hour = (at - day.midnight) // HOUR
    used = (*meter.hours(calendar.next(day, -1)), *meter.hours(day))[hour : hour + 24]
    values = {"volume_m3": meter.type.shown_m3(meter.counter_at_l(at)), **meter.status(at, used)}
    return TimedEvent(at, Measurement(meter.device.id, values, urgent=urgent))


def _report(incident: Incident, seed: int) -> TimedEvent:
    text = "路面往外冒水，楼里水压很小，好像主水管爆了"
    place = incident.place or ""
    return TimedEvent(reported_at(incident, seed), CitizenReport(place, "leak", text, photos=1, incident=incident.id))
