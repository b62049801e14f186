"""Manholes of a town: quiet on ordinary days whatever the weather; every incident can be heard before its deadline."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import pairwise

from domain import DAY, HOUR, MINUTE, SECOND, Value
from simulators.events import CitizenReport, GroundTruth, Incident, Measurement, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.hydraulics.kept import load_days
from simulators.town.population.build import build_town
from simulators.town.sewers.catalogue import KINDS
from simulators.town.sewers.source import SewerSource
from simulators.town.town import Period, Town

SEED = 1
CALENDAR = Calendar("Asia/Shanghai")
START = CALENDAR.day(date(2026, 7, 6)).midnight
WEEK = Period(START, START + 7 * DAY)
MONTH = Period(START, START + 30 * DAY)


@cache
def town() -> Town:
    return build_town("small", SEED)


def source() -> SewerSource:
    return SewerSource(load_days(town()))


@cache
def week() -> tuple[Sequence[Incident], tuple[TimedEvent, ...]]:
    made = source()
    incidents = made.incidents(town(), WEEK, SEED, 2.0)
    return incidents, tuple(made.events(town(), incidents, WEEK, SEED))


def said(device: str, begin: int, end: int) -> list[tuple[int, Measurement]]:
    """What a device said in a time, by milliseconds from its begin."""
    return [
        (timed.at - begin, timed.event)
        for timed in week()[1]
        if isinstance(timed.event, Measurement) and timed.event.device == device and begin <= timed.at < end
    ]


def of_kind(*kinds: str) -> list[Incident]:
    found = [incident for incident in week()[0] if incident.kind in kinds]
    assert found
    return found


def first(incident: Incident, quantity: str, limit: float = 1.0) -> int:
    """When one of the devices first said so, in ms from the begin."""
    instants = (
        after
        for device in incident.devices
        for after, told in said(device, incident.begin, incident.end)
        if float(told.values.get(quantity, 0.0)) >= limit
    )
    return min(instants)


def deadline(incident: Incident) -> int:
    assert incident.notify_by is not None
    return incident.notify_by - incident.begin


def test_a_month_of_ordinary_weather_alarms_nobody() -> None:
    most: dict[str, Value] = {}
    counts: Counter[str] = Counter()
    for timed in source().events(town(), (), MONTH, SEED):
        assert isinstance(timed.event, Measurement)
        counts[timed.event.device] += 1
        for quantity, value in timed.event.values.items():
            most[quantity] = max(most.get(quantity, 0), value)  # type: ignore[type-var]
    assert (most["opened"], most["flooded"], most["vibration"]) == (False, False, False)
    assert float(most["ch4_pct"]) < 0.3
    assert float(most["h2s_ppm"]) < 5.0
    assert float(most["tilt_deg"]) < 2.0
    assert min(counts.values()) >= 30 * 4


def test_every_kind_happens_in_summer_and_no_device_has_two_at_a_time() -> None:
    kinds = {incident.kind for incident in week()[0]}
    assert kinds >= set(KINDS) | {"sewer_flooding", "sewer_blockage"}
    spans = sorted((device, one.begin, one.end) for one in week()[0] for device in one.devices)
    for (device, _, end), (other, begin, _) in pairwise(spans):
        assert device != other or end < begin


def test_cloudbursts_fall_from_may_to_september_only() -> None:
    winter = CALENDAR.day(date(2026, 12, 7)).midnight
    found = source().incidents(town(), Period(winter, winter + 7 * DAY), SEED, 5.0)
    assert not {incident.kind for incident in found} & {"sewer_flooding", "sewer_surcharge"}


def test_two_days_are_the_first_and_the_second_whatever_was_asked_before() -> None:
    incidents, events = week()
    parts = [Period(START + n * DAY, START + (n + 1) * DAY) for n in range(7)]
    resumed = [event for part in parts[2:] for event in source().events(town(), incidents, part, SEED)]
    assert resumed == [event for event in events if event.at >= parts[2].start]
    instants = [event.at for event in events]
    assert instants == sorted(instants)


def test_an_open_cover_is_reported_within_seconds_and_again_until_it_is_closed() -> None:
    for incident in of_kind("cover_stolen", "cover_displaced"):
        assert first(incident, "opened") == 4 * SECOND < deadline(incident)
        assert first(incident, "tilt_deg", 20.0) == 4 * SECOND
        ((_, closed), *_) = said(incident.devices[0], incident.end, incident.end + MINUTE)
        assert closed.values["opened"] is False


def test_a_stolen_cover_is_not_heard_after_it_was_carried_away() -> None:
    for incident in of_kind("cover_stolen"):
        assert said(incident.devices[0], incident.begin + 20 * MINUTE, incident.end) == []


def test_a_cover_tilted_below_the_limit_of_the_device_says_its_angle() -> None:
    for incident in of_kind("cover_tilted"):
        assert first(incident, "tilt_deg", 15.0) <= deadline(incident)
        assert not any(told.values["opened"] for _, told in said(incident.devices[0], incident.begin, incident.end))


def test_a_lorry_shakes_a_cover_for_a_minute_and_moves_nothing() -> None:
    for incident in of_kind("vehicle_pass"):
        told = [one for _, one in said(incident.devices[0], incident.begin, incident.begin + 2 * MINUTE)]
        assert [one.values["vibration"] for one in told if not one.urgent][:2] == [True, False]
        assert float(max(one.values["tilt_deg"] for one in told)) < 2.0  # type: ignore[type-var]


def test_planned_maintenance_looks_like_an_open_cover_and_has_its_worker() -> None:
    for incident in of_kind("planned_maintenance"):
        assert incident.notify_by is None
        assert first(incident, "opened") == 4 * SECOND
        assert incident.people
        assert town().workers("maintenance").issuperset(incident.people)


def test_wells_are_full_before_somebody_has_to_be_told_of_a_flood() -> None:
    for incident in of_kind("sewer_flooding", "sewer_blockage"):
        assert first(incident, "flooded") <= deadline(incident)


def test_gas_gathers_and_is_measured_before_the_deadline() -> None:
    for incident in of_kind("methane_accumulation"):
        assert 20 * MINUTE < first(incident, "ch4_pct", 1.25) <= deadline(incident)
    for incident in of_kind("h2s_accumulation"):
        assert first(incident, "h2s_ppm", 10.0) <= deadline(incident)


def test_a_drowned_device_is_silent_until_it_is_replaced() -> None:
    for incident in of_kind("device_drowned"):
        assert said(incident.devices[0], incident.begin, incident.end) == []
        assert incident.hazard == "device"


def test_what_happens_is_ground_truth_and_some_of_it_is_reported_by_residents() -> None:
    truths = [timed for timed in week()[1] if isinstance(timed.event, GroundTruth)]
    assert [timed.at for timed in truths] == [incident.begin for incident in week()[0]]
    reports = [timed for timed in week()[1] if isinstance(timed.event, CitizenReport)]
    assert {report.event.category for report in reports} <= {"flood", "manhole"}  # type: ignore[union-attr]
    assert all(7 <= (report.at - CALENDAR.day_of(report.at).midnight) / HOUR < 21 for report in reports)


def test_a_line_that_carries_the_storm_is_a_nuisance_of_all_its_manholes() -> None:
    for incident in of_kind("sewer_high_flow"):
        assert incident.notify_by is None
        assert not any(
            told.values["flooded"] for id_ in incident.devices for _, told in said(id_, incident.begin, incident.end)
        )
