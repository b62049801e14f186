"""Meters and leak detectors of a town: ordinary weeks are quiet, counters agree with flows, incidents are told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from domain import DAY, HOUR, MINUTE, Value
from simulators.events import Batch, CitizenReport, Incident, Measurement, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.days import TownDays
from simulators.town.hydraulics.kept import load_days
from simulators.town.population.build import build_town
from simulators.town.town import Period, Town
from simulators.town.water.catalogue import KINDS
from simulators.town.water.source import WaterSource

SEED = 1
ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar("Asia/Shanghai")
START = CALENDAR.day(date(2026, 7, 6)).midnight
WEEK = Period(START, START + 7 * DAY)
FLAGS = ("leak", "burst", "backflow", "magnetic_tamper")


@cache
def town() -> Town:
    """The small town; every tenth meter reports hourly."""
    whole = build_town("small", SEED)
    devices = tuple(
        replace(one, attributes=one.attributes | {"report_every": "1h"})
        if one.kind == "water_meter" and one.id.endswith("0")
        else one
        for one in whole.devices
    )
    return replace(whole, devices=devices)


@cache
def days() -> TownDays:
    return load_days(build_town("small", SEED))


def source() -> WaterSource:
    return WaterSource(days())


@cache
def week() -> tuple[Sequence[Incident], tuple[TimedEvent, ...]]:
    """A week with three incidents of every kind."""
    made = source()
    incidents = made.incidents(town(), WEEK, SEED, 3.0)
    return incidents, tuple(made.events(town(), incidents, WEEK, SEED))


@cache
def ordinary() -> tuple[TimedEvent, ...]:
    return tuple(source().events(town(), (), WEEK, SEED))


def values(events: Sequence[TimedEvent], device: str | None = None) -> dict[str, list[tuple[int, dict[str, Value]]]]:
    """What each device measured, by instant."""
    found: dict[str, list[tuple[int, dict[str, Value]]]] = defaultdict(list)
    for timed in events:
        event = timed.event
        if isinstance(event, Measurement) and device in (None, event.device):
            found[event.device].append((timed.at, dict(event.values)))
        elif isinstance(event, Batch) and device in (None, event.device):
            found[event.device] += [(entry.at, dict(entry.values)) for entry in event.entries]
    return found


@cache
def said_in_week() -> dict[str, list[tuple[int, dict[str, Value]]]]:
    return values(week()[1])


@cache
def said_on_ordinary_days() -> dict[str, list[tuple[int, dict[str, Value]]]]:
    return values(ordinary())


def of_kind(kind: str) -> list[Incident]:
    return [incident for incident in week()[0] if incident.kind == kind]


def test_on_ordinary_days_no_flag_is_set_and_no_floor_is_wet() -> None:
    told = [said for found in said_on_ordinary_days().values() for _, said in found]
    assert len(told) > 300 * 24 * 6
    assert not [said for said in told if any(said.get(flag) for flag in FLAGS)]


def test_counters_never_go_back_whatever_happens() -> None:
    for said in (said_on_ordinary_days(), said_in_week()):
        for device, found in said.items():
            volumes = [one["volume_m3"] for _, one in sorted(found, key=lambda one: one[0]) if "volume_m3" in one]
            assert all(before <= after for before, after in pairwise(volumes)), device  # type: ignore[operator]


def test_a_daily_meter_uploads_the_day_before_in_one_batch_by_five() -> None:
    batches = [timed for timed in ordinary() if isinstance(timed.event, Batch)]
    daily = [one for one in town().devices if one.kind == "water_meter" and one.attributes["report_every"] == "1d"]
    assert len(batches) == 7 * len(daily) > 7 * 200
    for timed in batches:
        assert isinstance(timed.event, Batch)
        day = CALENDAR.day_of(timed.at)
        assert [entry.at for entry in timed.event.entries] == [day.midnight - (23 - n) * HOUR for n in range(24)]
        assert 5 * MINUTE <= timed.at - day.midnight <= 5 * HOUR


def test_events_come_in_order_of_time_and_within_the_period() -> None:
    instants = [timed.at for timed in week()[1]]
    assert instants == sorted(instants)
    assert WEEK.start <= instants[0] <= instants[-1] < WEEK.end


def test_two_days_are_the_first_and_the_second_whatever_was_asked_before() -> None:
    incidents, events = week()
    parts = [Period(START + n * DAY, START + (n + 1) * DAY) for n in (3, 4)]
    resumed = [event for part in parts for event in source().events(town(), incidents, part, SEED)]
    assert resumed == [event for event in events if parts[0].start <= event.at < parts[1].end]


def test_meters_and_leakage_add_up_to_what_enters_the_mains() -> None:
    """A week of all meters of the town against EPANET's supply of five workdays and two rest days."""
    used = 0.0
    for found in values(tuple(source().events(town(), (), Period(START + DAY, START + 8 * DAY), SEED))).values():
        volumes = [float(said["volume_m3"]) for _, said in found if "volume_m3" in said]
        used += (volumes[-1] - volumes[0]) * 1000.0 if volumes else 0.0
    mains = days().water
    supply = sum(5 * sum(main.supply_l[:24]) + 2 * sum(main.supply_l[24:]) for main in mains)
    lost = sum(5 * sum(main.leakage_l[:24]) + 2 * sum(main.leakage_l[24:]) for main in mains)
    assert used + lost == pytest.approx(supply, rel=0.08)


def test_every_kind_of_the_season_happens_and_no_device_has_two_at_a_time() -> None:
    incidents, _ = week()
    assert {incident.kind for incident in incidents} == set(KINDS) - {"freeze_burst"}
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for incident in incidents:
        for device in incident.devices:
            spans[device].append((incident.begin, incident.end))
    assert all(end < begin for found in spans.values() for (_, end), (begin, _) in pairwise(sorted(found)))


def test_a_running_cistern_is_told_by_the_meter_itself_before_its_deadline() -> None:
    for incident in of_kind("toilet_leak") + of_kind("pinhole_leak"):
        (device,) = incident.devices
        assert incident.notify_by is not None
        uploads = [timed.at for timed in week()[1] if said_last(timed, device).get("leak")]
        assert incident.begin + DAY <= uploads[0] + 90 * MINUTE <= incident.notify_by + 90 * MINUTE


def said_last(timed: TimedEvent, device: str) -> Mapping[str, Value]:
    """The last values of an event of this device; nothing of any other."""
    event = timed.event
    if isinstance(event, Batch) and event.device == device:
        return event.entries[-1].values
    return event.values if isinstance(event, Measurement) and event.device == device else {}


def test_a_burst_at_night_is_uploaded_half_an_hour_after_it_begins_with_its_flow() -> None:
    for incident in of_kind("household_burst"):
        found = [
            (timed.at, timed.event)
            for timed in week()[1]
            if isinstance(timed.event, Measurement) and timed.event.device == incident.devices[0] and timed.event.urgent
        ]
        (first, told), (last, over) = found
        assert first == incident.begin + 30 * MINUTE
        assert (told.values["burst"], over.values["burst"]) == (True, False)
        assert 0.8 < float(told.values["flow_m3h"]) < 3.0
        assert last == incident.end + 10 * MINUTE


def test_a_meter_under_a_magnet_stops_counting_and_a_shut_building_draws_nothing() -> None:
    for incident in of_kind("magnetic_tamper") + of_kind("planned_shutoff"):
        for device in incident.devices:
            inside = [
                said["volume_m3"]
                for at, said in said_in_week()[device]
                if "volume_m3" in said and incident.begin + 2 * HOUR <= at <= incident.end - HOUR
            ]
            assert len(set(inside)) <= 1


def test_a_contractor_is_told_of_magnets_and_backflow_in_his_working_hours() -> None:
    for incident in of_kind("magnetic_tamper") + of_kind("backflow"):
        assert incident.roles == ("maintenance",)
        assert incident.notify_by is not None
        morning = CALENDAR.day_of(incident.begin).midnight + DAY
        assert incident.notify_by == morning + 9 * HOUR


def test_a_burst_main_takes_water_from_its_buildings_and_is_reported_by_a_resident() -> None:
    for incident in of_kind("main_burst"):
        (report,) = [
            timed
            for timed in week()[1]
            if isinstance(timed.event, CitizenReport) and timed.event.incident == incident.id
        ]
        assert incident.notify_by is not None
        assert incident.begin < report.at < incident.notify_by
        assert report.event.place == incident.place  # type: ignore[union-attr]
        assert use(said_in_week(), incident) < use(said_on_ordinary_days(), incident)


def use(found: Mapping[str, list[tuple[int, dict[str, Value]]]], incident: Incident) -> float:
    """Cubic metres through the meters of an incident while it lasts."""
    total = 0.0
    for device in incident.devices:
        inside = [float(said["volume_m3"]) for at, said in found[device] if incident.begin <= at <= incident.end + HOUR]
        total += inside[-1] - inside[0]
    return total


def test_a_wet_detector_tells_at_once_and_when_it_is_dry_again() -> None:
    for incident in of_kind("leak_found") + of_kind("mopping"):
        told = [
            (timed.at - incident.begin, timed.event.values["leak"])
            for timed in week()[1]
            if isinstance(timed.event, Measurement) and timed.event.device == incident.devices[0] and timed.event.urgent
        ]
        assert told[0] == (5_000, True)
        assert told[-1] == (incident.end - incident.begin + 2 * MINUTE, False)


def test_nuisances_have_to_notify_nobody_and_everything_else_has_a_deadline() -> None:
    nuisances = {incident.kind for incident in week()[0] if incident.notify_by is None}
    assert nuisances == {"mopping", "big_cleaning", "pool_filling", "night_guests", "planned_shutoff"}


def test_in_winter_a_meter_freezes_at_night_and_bursts_in_the_morning() -> None:
    start = CALENDAR.day(date(2027, 1, 11)).midnight
    period = Period(start, start + 3 * DAY)
    made = source()
    incident = next(one for one in made.incidents(town(), period, SEED, 5.0) if one.kind == "freeze_burst")
    events = tuple(made.events(town(), [incident], period, SEED))
    urgent = [timed.at for timed in events if isinstance(timed.event, Measurement) and timed.event.urgent]
    assert urgent[0] == incident.begin + 11 * HOUR + 30 * MINUTE
    told = values(events, incident.devices[0])[incident.devices[0]]
    assert any(said.get("temp_c") == 0.0 for _, said in told)


def test_an_elder_on_the_floor_draws_nothing_and_the_counter_stays_where_it_is() -> None:
    household = next(one for one in town().households if one.has_elder_alone)
    meter = next(id_ for id_ in household.devices if id_.startswith("meter"))
    begin = START + 2 * DAY + 8 * HOUR
    fall = Incident(
        "f", "fall_hard", "跌倒", "person", begin, begin + 20 * HOUR, (), None, household.place, household.residents
    )
    told = values(tuple(source().events(town(), [fall], WEEK, SEED)), meter)[meter]
    inside = {said["volume_m3"] for at, said in told if begin + HOUR <= at <= begin + 19 * HOUR}
    after = [said["volume_m3"] for at, said in told if at > begin + 30 * HOUR]
    assert len(inside) == 1
    assert after[-1] > max(inside)  # type: ignore[type-var]


def test_a_meter_outside_every_household_stands_still() -> None:
    lone = next(one for one in town().devices if one.kind == "water_meter")
    alone = replace(town(), devices=(replace(lone, place=None, attributes={"q3_m3h": 4}),), preset="lone")
    events = tuple(source().events(alone, (), Period(START, START + DAY), SEED))
    ((_, first), *_, (_, last)) = values(events)[lone.id]
    assert first["volume_m3"] == last["volume_m3"]
