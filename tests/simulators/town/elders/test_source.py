"""Wristbands, doors, motion sensors and buttons of the elders of a town."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import pytest

from domain import DAY, HOUR, MINUTE, Device, Instant, Value
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.elders.homes import ELDER_KINDS, homes_of
from simulators.town.elders.incidents import ELDER_INCIDENTS
from simulators.town.elders.source import ElderSource, play_incident
from simulators.town.population.build import build_town
from simulators.town.town import Period

START: Instant = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""
DAYS = Period(START, START + 3 * DAY)
TOWN = build_town("small", 3)
SOURCE = ElderSource()
KIND_OF = {device.id: device.kind for device in TOWN.devices}
HOMES = homes_of(TOWN)


@pytest.fixture(scope="module")
def incidents() -> Sequence[Incident]:
    return SOURCE.incidents(TOWN, DAYS, 11, 3.5)


@pytest.fixture(scope="module")
def days(incidents: Sequence[Incident]) -> list[TimedEvent]:
    return list(SOURCE.events(TOWN, incidents, DAYS, 11))


@pytest.fixture(scope="module")
def ordinary() -> list[TimedEvent]:
    return list(SOURCE.events(TOWN, [], DAYS, 11))


def measured(events: Sequence[TimedEvent], *devices: str) -> list[tuple[Instant, dict[str, Value]]]:
    return [
        (timed.at, dict(timed.event.values))
        for timed in events
        if isinstance(timed.event, Measurement) and timed.event.device in devices
    ]


def of_kind(events: Sequence[TimedEvent], kind: str) -> list[tuple[Instant, dict[str, Value]]]:
    return measured(events, *(device for device, known in KIND_OF.items() if known == kind))


def test_on_ordinary_days_nothing_calls_for_help_and_no_vital_sign_is_dangerous(ordinary: Sequence[TimedEvent]) -> None:
    bands = of_kind(ordinary, "wristband")
    worn = [values for _, values in bands if values["worn"]]
    assert len(worn) > 0.95 * len(bands)
    assert all(50 <= float(values["heart_rate_bpm"]) <= 125 for values in worn)
    assert all(94 <= float(values["spo2_pct"]) <= 99 for values in worn)
    assert all(36.0 <= float(values["body_temp_c"]) <= 37.5 for values in worn if "body_temp_c" in values)
    assert all(28.0 <= float(values["skin_temp_c"]) <= 36.5 for values in worn if "skin_temp_c" in values)
    assert all(float(values["battery_pct"]) >= 30 for _, values in bands)
    assert not any("sos" in values or "fall" in values for _, values in bands)
    assert not any("sos" in values or "key" in values for _, values in of_kind(ordinary, "sos_button"))


def test_steps_begin_anew_at_midnight_and_only_rise(ordinary: Sequence[TimedEvent]) -> None:
    band = HOMES[0].bands[0].id
    for _, group in groupby(measured(ordinary, band), key=lambda one: (one[0] - START) // DAY):
        steps = [float(values["steps"]) for _, values in group]
        assert steps == sorted(steps)
        assert steps[0] < 60
        assert 800 < steps[-1] < 12_000


def test_an_elder_moves_only_while_awake_and_at_home_and_the_door_closes_again(ordinary: Sequence[TimedEvent]) -> None:
    changes = of_kind(ordinary, "motion")
    moved_at_night = [at for at, values in changes if values["occupied"] and (at - START) % DAY < 4 * HOUR]
    moved = [at for at, values in changes if values["occupied"]]
    assert 0 < len(moved_at_night) < 0.1 * len(moved)
    for home in HOMES:
        states = [values["opened"] for _, values in measured(ordinary, home.doors[0].id)]
        assert True in states
        assert not any(before and after for before, after in pairwise(states))


def test_days_have_incidents_of_every_kind_and_no_person_has_two_at_a_time(incidents: Sequence[Incident]) -> None:
    wanderers = any(home.wanders for home in HOMES)
    assert len({incident.kind for incident in incidents} | {"wandering"}) >= len(ELDER_INCIDENTS) - 3
    assert wanderers or not any(incident.kind == "wandering" for incident in incidents)
    spans = sorted((person, one.begin, one.end) for one in incidents for person in one.people)
    for _, group in groupby(spans, key=lambda span: span[0]):
        assert all(before[2] < after[1] for before, after in pairwise(list(group)))
    for incident in incidents:
        assert (incident.notify_by is None) == ELDER_INCIDENTS[incident.kind].nuisance
        assert incident.people
        assert incident.place


def test_two_days_are_day_one_and_day_two(incidents: Sequence[Incident], days: Sequence[TimedEvent]) -> None:
    parts = [Period(START + day * DAY, START + (day + 1) * DAY) for day in range(3)]
    assert [timed for part in parts for timed in SOURCE.events(TOWN, incidents, part, 11)] == list(days)
    assert all(before.at <= after.at for before, after in pairwise(days))


def played(kind: str, seed: int = 5) -> tuple[Incident, list[TimedEvent]]:
    suited = [home for home in HOMES if ELDER_INCIDENTS[kind].suits(home)]
    incident, events = play_incident(TOWN, kind, START + 9 * HOUR, seed, [suited[0].devices[0].id])
    return incident, list(events)


@pytest.mark.parametrize("kind", ["fall_hard", "fall_toilet_night", "fall_soft", "sos_band", "sos_button"])
def test_a_fall_or_a_call_for_help_is_reported_a_minute_before_a_person_has_to_be_notified(kind: str) -> None:
    for seed in range(6):
        incident, events = played(kind, seed)
        calls = [timed for timed in events if isinstance(timed.event, Measurement) and timed.event.urgent]
        assert len(calls) == 1
        assert incident.notify_by == calls[0].at + MINUTE
        assert incident.life_safety


def test_after_a_fall_a_person_lies_still_until_the_end() -> None:
    incident, events = played("fall_hard")
    band = next(device for device in incident.devices if KIND_OF[device] == "wristband")
    steps = {values["steps"] for _, values in measured(events, band) if "steps" in values}
    assert len(steps) == 1
    assert not any(values["occupied"] for _, values in of_kind(events, "motion"))


@pytest.mark.parametrize(
    ("kind", "quantity", "low", "high"),
    [
        ("tachycardia", "heart_rate_bpm", 131, 160),
        ("bradycardia", "heart_rate_bpm", 30, 40),
        ("low_oxygen", "spo2_pct", 80, 91),
        ("fever", "body_temp_c", 39.1, 41.0),
    ],
)
def test_an_illness_reaches_what_news2_scores_and_stays(kind: str, quantity: str, low: float, high: float) -> None:
    for seed in range(4):
        incident, events = played(kind, seed)
        assert incident.notify_by is not None
        since = incident.notify_by - 30 * MINUTE
        reached = [float(values[quantity]) for at, values in of_kind(events, "wristband") if at >= since]
        assert reached
        assert all(low <= value <= high for value in reached)


def test_a_person_who_does_not_get_up_moves_no_sensor_for_more_than_a_day() -> None:
    incident, events = played("no_activity")
    assert incident.notify_by == incident.begin + 25 * HOUR
    assert incident.end > incident.begin + 29 * HOUR
    assert not any(values["occupied"] for _, values in of_kind(events, "motion"))
    assert not any(values["opened"] for _, values in of_kind(events, "door"))


def test_a_mispress_is_taken_back_within_a_minute_and_has_to_notify_nobody() -> None:
    incident, events = played("sos_mispress")
    presses = [(at, values["sos"]) for at, values in of_kind(events, "wristband") if "sos" in values]
    assert [sos for _, sos in presses] == [True, False]
    assert presses[1][0] - presses[0][0] < MINUTE
    assert incident.notify_by is None


def test_a_band_that_is_taken_off_or_empty_measures_nothing() -> None:
    _, events = played("band_off")
    assert not any(values["worn"] for _, values in of_kind(events, "wristband"))
    incident, events = played("band_battery_dead")
    until_charged = [one for one in of_kind(events, "wristband") if one[0] < incident.begin + 28 * HOUR]
    levels = [(at, float(values["battery_pct"])) for at, values in until_charged]
    assert levels[0][1] == 14
    assert levels[-1][1] <= 1
    assert levels[-1][0] < incident.begin + 13 * HOUR


def test_somebody_who_wanders_off_opens_the_door_and_is_soon_200_m_away() -> None:
    elder = next(home for home in HOMES)
    people = tuple(
        person if person.id != elder.person else type(person)(person.id, person.name, attributes={"wanders": True})
        for person in TOWN.people
    )
    town = type(TOWN)(**{**{name: getattr(TOWN, name) for name in TOWN.__struct_fields__}, "people": people})
    incident, events = play_incident(town, "wandering", START + HOUR, 5, [elder.devices[0].id])
    steps = list(events)
    lat, lon = homes_of(town)[0].position
    far = [
        at
        for at, values in measured(steps, elder.bands[0].id)
        if ((float(values["lat"]) - lat) * 111_195) ** 2 + ((float(values["lon"]) - lon) * 96_000) ** 2 > 250**2
    ]
    assert incident.notify_by is not None
    assert far[0] < incident.begin + 20 * MINUTE
    assert any(values["opened"] for _, values in measured(steps, elder.doors[0].id))


def test_a_button_calls_a_nurse_or_a_service_by_its_key_only_on_a_format_that_carries_it() -> None:
    for kind, key in (("nurse_call", 2), ("service_call", 3)):
        incident, events = played(kind)
        button: Device = next(device for device in TOWN.devices if device.id == incident.devices[0])
        assert all(identity.platform == "native" for identity in button.identities)
        assert [values["key"] for _, values in of_kind(events, "sos_button") if "key" in values] == [key]


def test_all_devices_of_elders_belong_to_one_home() -> None:
    ours = {device.id for device in TOWN.devices if device.kind in ELDER_KINDS}
    assert {device.id for home in HOMES for device in home.devices} == ours
    assert all(home.living_alone for home in HOMES)
