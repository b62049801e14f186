"""Every incident of the library: its devices' messages through the service's decoder and rules, and what they open."""

from __future__ import annotations

import pytest

from alerts.cases.exercise_scenarios import SCENARIOS
from domain import HOUR, MINUTE, Instant
from simulators.events import Incident, TimedEvent
from simulators.town.exercise import exercise_of
from simulators.town.incident_library import LIBRARY, NamedIncident, find_incident, play_incident
from simulators.town.named_incidents import TITLES, NoSuitableDevice
from simulators.town.population.build import build_town
from simulators.town.site_town import town_of_site
from simulators.town.town import Town
from tests.support.town_findings import BOOKS, findings

BEGIN: Instant = 1_795_795_200_000 + 9 * HOUR
SMALL = build_town("small", 1)
DEMO = build_town("demo", 20261121)
DEMO_SITE = town_of_site(DEMO.places, DEMO.cells, DEMO.people, DEMO.duties, DEMO.devices, DEMO.timezone)
"""The town of the demo as a site knows it: without its households and kitchens."""


def until_told(incident: Incident) -> Instant:
    return max(incident.end, incident.notify_by or 0)


@pytest.mark.parametrize("town", [SMALL, DEMO_SITE], ids=["small", "site of the demo"])
@pytest.mark.parametrize("named", LIBRARY, ids=lambda named: named.name)
def test_every_incident_opens_the_alerts_it_names(named: NamedIncident, town: Town) -> None:
    incident, events = play_incident(town, named, BEGIN, 4)
    opened = {finding.rule for finding in findings(town, BEGIN, events, until_told(incident), incident.devices)}
    assert set(named.rules) <= opened


@pytest.mark.parametrize("named", [one for one in LIBRARY if not one.silence], ids=lambda named: named.name)
def test_an_exercise_notifies_nobody_also_after_the_limit_of_a_test(named: NamedIncident) -> None:
    """An alarm of a device under test counts after three minutes, unless it was taken back."""
    incident, events = play_incident(DEMO_SITE, named, BEGIN, 4)
    exercise = exercise_of(events, {device.id: device for device in DEMO_SITE.devices})
    assert exercise.events or exercise.unflagged
    over = exercise.events[-1].at if exercise.events else BEGIN
    closed = [*exercise.events, *(TimedEvent(over, measurement) for measurement in exercise.all_clear)]
    assert findings(DEMO_SITE, BEGIN, closed, over + 5 * MINUTE, incident.devices) == []


def test_the_library_names_incidents_as_in_practice() -> None:
    assert len(LIBRARY) >= 15
    assert len({one.name for one in LIBRARY} | {one.title for one in LIBRARY}) == 2 * len(LIBRARY)
    assert {one.kind for one in LIBRARY} <= TITLES.keys()
    assert find_incident("厨房泄漏") is find_incident("kitchen-leak")
    assert find_incident("no-such") is None
    assert {one.drill for one in LIBRARY if one.drill} <= {scenario.name for scenario in SCENARIOS}
    rules = {rule.name for book in BOOKS for rule in book.rules}
    assert {rule for one in LIBRARY for rule in one.rules} <= rules


def test_a_site_without_such_devices_refuses() -> None:
    bare = town_of_site((), (), (), (), (), "Asia/Shanghai")
    burst = find_incident("夜间爆管")
    assert burst is not None
    with pytest.raises(NoSuitableDevice, match="household_burst"):
        play_incident(bare, burst, BEGIN, 4)
