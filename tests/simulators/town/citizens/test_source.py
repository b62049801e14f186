"""What residents report of a day: what devices measure too, and what none measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from app.config.catalog import load_categories
from domain import DAY, HOUR, MINUTE, Instant
from simulators.events import CitizenReport, Incident
from simulators.town.citizens.sightings import SEEN, UNMEASURED
from simulators.town.citizens.source import CitizenSource
from simulators.town.population.build import build_town
from simulators.town.town import Period

START: Instant = 1_795_795_200_000
"""2026-11-28T00:00 in Shanghai."""
WEEK = Period(START, START + 7 * DAY)
TOWN = build_town("small", 1)
SOURCE = CitizenSource()
PLACES = {place.id: place for place in TOWN.places}


def fire(number: int, kind: str = "flaming_fire") -> Incident:
    device = next(one for one in TOWN.devices if one.kind == "smoke_alarm")
    begin = START + number * HOUR
    return Incident(
        f"{kind}/{number}", kind, "住宅起火", "fire", begin, begin + HOUR, (device.id,), begin + MINUTE, device.place
    )


@pytest.fixture(scope="module")
def own() -> Sequence[Incident]:
    return SOURCE.incidents(TOWN, WEEK, 3, 7.0)


def reports_about(incidents: Sequence[Incident]) -> list[tuple[Instant, CitizenReport]]:
    events = SOURCE.events(TOWN, incidents, WEEK, 3)
    return [(timed.at, timed.event) for timed in events if isinstance(timed.event, CitizenReport)]


def test_hazards_without_a_device_are_reported_in_time(own: Sequence[Incident]) -> None:
    reported = {report.incident: at for at, report in reversed(reports_about(own))}
    assert {incident.kind for incident in own} == {kind.kind for kind in UNMEASURED}
    for incident in own:
        assert incident.devices == ()
        assert incident.begin < reported[incident.id] <= incident.begin + 10 * MINUTE
        assert incident.notify_by is None or reported[incident.id] < incident.notify_by


def test_some_of_the_fires_are_reported_some_twice_and_some_as_something_else() -> None:
    fires = [fire(number) for number in range(150)]
    reports = reports_about(fires)
    about = Counter(report.incident for _, report in reports)
    assert 60 <= len(about) <= 120
    assert 5 <= sum(count == 2 for count in about.values()) <= 60
    categories = Counter(report.category for _, report in reports)
    assert set(categories) == {"fire", "gas"}
    assert categories["gas"] < categories["fire"] / 5


def test_a_flat_is_reported_as_its_building() -> None:
    for _, report in reports_about([fire(number) for number in range(40)]):
        assert PLACES[report.place].level == "building"


def test_what_is_no_danger_and_what_residents_cannot_see_is_not_reported() -> None:
    quiet = fire(1, "smoke_battery_dead")
    assert reports_about([quiet]) == []


def test_categories_are_those_of_the_service() -> None:
    known = {category.id for category in load_categories(None).categories}
    assert {kind.category for kind in UNMEASURED} | {seen.category for seen in SEEN.values()} <= known


def test_reports_come_in_order_and_the_same_every_time(own: Sequence[Incident]) -> None:
    reports = reports_about(own)
    assert [at for at, _ in reports] == sorted(at for at, _ in reports)
    assert reports == reports_about(own)
