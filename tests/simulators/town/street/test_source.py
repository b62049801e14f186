"""A week of bins, lamp posts, cameras, lifts and gateways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest

from domain import DAY, HOUR, MINUTE, Instant
from simulators.events import Incident, Measurement, TimedEvent
from simulators.models.device_behaviour import gateway_of
from simulators.town.population.build import build_town
from simulators.town.street.devices import STREET_KINDS, StreetIndex
from simulators.town.street.source import StreetSource, reachable
from simulators.town.town import Period

START: Instant = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""
DAYS = Period(START, START + 3 * DAY)
TOWN = build_town("small", 1)
SOURCE = StreetSource()


@pytest.fixture(scope="module")
def incidents() -> Sequence[Incident]:
    return SOURCE.incidents(TOWN, DAYS, 5, 7.0)


@pytest.fixture(scope="module")
def days(incidents: Sequence[Incident]) -> list[TimedEvent]:
    return list(SOURCE.events(TOWN, incidents, DAYS, 5))


def measured(events: Sequence[TimedEvent], devices: Sequence[str] = ()) -> Iterator[tuple[Instant, Measurement]]:
    for timed in events:
        if isinstance(timed.event, Measurement) and (not devices or timed.event.device in devices):
            yield timed.at, timed.event


def is_alarming(measurement: Measurement) -> bool:
    values = measurement.values
    flags = values.get("seen") or values.get("present") or values.get("full")
    return bool(flags) or abs(float(values.get("tilt_deg", 0))) > 10 or float(values.get("fill_pct", 0)) > 90


def test_every_kind_of_incident_happens_and_no_device_has_two_at_a_time(incidents: Sequence[Incident]) -> None:
    assert {incident.kind for incident in incidents} == set(SOURCE.incident_kinds)
    assert [incident.begin for incident in incidents] == sorted(incident.begin for incident in incidents)
    spans = sorted((device, one.begin, one.end) for one in incidents for device in one.devices)
    for _, group in groupby(spans, key=lambda span: span[0]):
        assert all(before[2] < after[1] for before, after in pairwise(list(group)))


def test_a_nuisance_has_to_notify_no_person_and_an_incident_in_time(incidents: Sequence[Incident]) -> None:
    for incident in incidents:
        if SOURCE.incident_kinds[incident.kind].nuisance:
            assert incident.notify_by is None
        else:
            assert incident.notify_by is not None
            assert incident.begin < incident.notify_by <= incident.begin + 48 * HOUR


def test_nothing_alarms_outside_an_incident(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    spans = [(device, one.begin, one.end) for one in incidents for device in one.devices]
    for at, event in measured(days):
        if is_alarming(event):
            assert any(device == event.device and begin <= at <= end for device, begin, end in spans)


def test_lamps_are_on_in_the_night_and_off_by_day(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    busy = {device for incident in incidents for device in incident.devices}
    lamps = [one.id for one in TOWN.devices if one.kind == "lamp_post" and one.id not in busy]
    reports = list(measured(days, lamps))
    assert len(reports) > 24 * len(lamps)
    for at, event in reports:
        hour = datetime.fromtimestamp(at / 1000, ZoneInfo("Asia/Shanghai")).hour
        if hour in (12, 23):
            assert event.values["on"] is (hour == 23)


def test_a_bin_fills_between_two_collections_and_is_emptied(days: Sequence[TimedEvent]) -> None:
    fills = [float(event.values["fill_pct"]) for _, event in measured(days) if "fill_pct" in event.values]
    assert min(fills) < 10 < 60 < max(fills)


def test_what_is_behind_a_gateway_that_is_down_is_not_received(incidents: Sequence[Incident]) -> None:
    down = next(one for one in incidents if one.kind == "gateway_down")
    gateway = down.devices[0]
    behind = [device for device in TOWN.devices if gateway_of(device) == gateway]
    assert {device.id for device in behind} == set(down.devices[1:])
    assert all(device.kind in STREET_KINDS for device in behind)
    # A door magnet behind the same gateway, measured by another model.
    child = behind[0].id if behind else gateway
    events = [
        TimedEvent(at, Measurement(child, {"opened": True})) for at in (down.begin - 1, down.begin + HOUR, down.end + 1)
    ]
    kept = [timed.at for timed in reachable(events, TOWN.devices, incidents)]
    assert kept == ([down.begin - 1, down.end + 1] if behind else [timed.at for timed in events])


def test_a_gateway_is_quiet_while_it_is_down(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    down = next(one for one in incidents if one.kind == "gateway_down" and one.end < DAYS.end)
    inside = [at for at, _ in measured(days, down.devices) if down.begin <= at < down.end - MINUTE]
    assert inside == []


def test_loss_of_a_gateway_silences_nothing_that_life_depends_on() -> None:
    index = StreetIndex(TOWN)
    kinds = {device.kind for gateway in index.light_gateways for device in index.behind[gateway.id]}
    assert index.light_gateways
    assert not kinds & {"gas_alarm", "smoke_alarm", "wristband", "sos_button"}


def test_two_days_are_day_one_and_day_two(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    parts = (Period(START, START + DAY), Period(START + DAY, DAYS.end))
    assert [timed for part in parts for timed in SOURCE.events(TOWN, incidents, part, 5)] == list(days)


def test_a_drill_plays_one_incident_on_a_given_device() -> None:
    camera = next(device for device in TOWN.devices if device.kind == "falling_object")
    incident, events = SOURCE.play_incident(TOWN, "falling_object", START, 1, [camera.id])
    first = next(event for _, event in measured(list(events)))
    assert (incident.title, incident.place, first.values, first.urgent) == (
        "高空抛物",
        camera.place,
        {"seen": True},
        True,
    )
