"""Gas alarms, smoke alarms and fire panels of a town."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest

from domain import DAY, HOUR, MINUTE, Instant
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.population.build import build_town
from simulators.town.rooms.sensors import measures_co
from simulators.town.rooms.source import ROOM_INCIDENTS, RoomSource
from simulators.town.town import Period

START: Instant = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""
DAYS = Period(START, START + 2 * DAY)
TOWN = build_town("small", 3)
SOURCE = RoomSource()


@pytest.fixture(scope="module")
def incidents() -> Sequence[Incident]:
    return SOURCE.incidents(TOWN, DAYS, 11, 7.0)


@pytest.fixture(scope="module")
def days(incidents: Sequence[Incident]) -> list[TimedEvent]:
    return list(SOURCE.events(TOWN, incidents, DAYS, 11))


def test_days_have_incidents_of_every_kind_in_order_and_none_overlaps(incidents: Sequence[Incident]) -> None:
    assert {incident.kind for incident in incidents} == set(ROOM_INCIDENTS)
    assert [incident.begin for incident in incidents] == sorted(incident.begin for incident in incidents)
    assert all(DAYS.start <= incident.begin < DAYS.end for incident in incidents)
    spans = sorted((device, one.begin, one.end) for one in incidents for device in one.devices)
    for _, group in groupby(spans, key=lambda span: span[0]):
        assert all(before[2] < after[1] for before, after in pairwise(list(group)))


def test_dangers_have_to_notify_in_time_and_nuisances_nobody(incidents: Sequence[Incident]) -> None:
    for incident in incidents:
        kind = ROOM_INCIDENTS[incident.kind]
        if kind.nuisance:
            assert incident.notify_by is None
        elif kind.kind != "power_cut_long":
            assert incident.notify_by is not None
            assert incident.begin < incident.notify_by <= incident.begin + 36 * HOUR
        assert incident.life_safety == kind.life_safety
        assert incident.place is not None


def test_in_every_danger_to_life_a_device_alarms_a_minute_before_a_person_has_to_be_notified(
    incidents: Sequence[Incident], days: Sequence[TimedEvent]
) -> None:
    for incident in incidents:
        if not incident.life_safety or incident.end > DAYS.end:
            continue
        alarms = [at for at, device in alarming(days) if device in incident.devices and at >= incident.begin]
        assert incident.notify_by is not None
        assert alarms, incident
        assert min(alarms) + MINUTE <= incident.notify_by, incident


def alarming(events: Sequence[TimedEvent]) -> list[tuple[Instant, str]]:
    return [
        (timed.at, timed.event.device)
        for timed in events
        if isinstance(timed.event, Measurement) and timed.event.values["alarm"]
    ]


def test_no_device_alarms_outside_an_incident(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    spans: dict[str, list[tuple[Instant, Instant]]] = {}
    for incident in incidents:
        for device in incident.devices:
            spans.setdefault(device, []).append((incident.begin, incident.end))
    for at, device in alarming(days):
        assert any(begin <= at <= end for begin, end in spans.get(device, ()))


def test_two_days_are_day_one_and_day_two(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    parts = (Period(START, START + DAY), Period(START + DAY, START + 2 * DAY))
    assert [timed for part in parts for timed in SOURCE.events(TOWN, incidents, part, 11)] == list(days)


def test_events_are_in_order_and_the_same_every_time(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    assert all(before.at <= after.at for before, after in pairwise(days))
    day = Period(START, START + DAY)
    assert SOURCE.incidents(TOWN, day, 11, 5.0) == SOURCE.incidents(TOWN, day, 11, 5.0)
    assert SOURCE.incidents(TOWN, day, 12, 5.0) != SOURCE.incidents(TOWN, day, 11, 5.0)


def test_every_device_reports_by_its_plan(days: Sequence[TimedEvent]) -> None:
    ours = {device.id for device in TOWN.devices if device.kind in SOURCE.kinds}
    reported = {timed.event.device for timed in days if isinstance(timed.event, Measurement)}
    assert len(ours - reported) <= 30
    assert 1.0 < len(days) / len(ours) / 2 < 8.0


def test_a_power_cut_ends_with_all_devices_within_a_minute() -> None:
    gas_alarm = next(device for device in TOWN.devices if device.kind == "gas_alarm")
    incident, events = SOURCE.play_incident(TOWN, "power_cut", START, 1, [gas_alarm.id])
    reports = list(events)
    assert [timed.event.device for timed in reports if isinstance(timed.event, Measurement)] == [gas_alarm.id]
    assert incident.end - MINUTE <= reports[0].at < incident.end


@pytest.mark.parametrize("kind", ["kitchen_leak", "co_charcoal", "gas_pinhole"])
def test_a_drill_plays_one_incident_on_a_given_device(kind: str) -> None:
    device = next(one for one in TOWN.devices if one.kind == "gas_alarm" and measures_co(one))
    incident, events = SOURCE.play_incident(TOWN, kind, START, 5, [device.id])
    measured = [timed for timed in events if isinstance(timed.event, Measurement)]
    assert incident.title == ROOM_INCIDENTS[kind].title
    assert incident.notify_by is not None
    assert {timed.event.device for timed in measured if isinstance(timed.event, Measurement)} == {device.id}
    assert alarming(measured)[0][0] < incident.notify_by
