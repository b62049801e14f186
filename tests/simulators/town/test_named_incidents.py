"""Single incidents by name."""

from __future__ import annotations

import pytest
from msgspec import structs

from domain import HOUR, Instant
from simulators.events import Batch, CitizenReport, Measurement
from simulators.town.citizens.source import TITLES as REPORTED
from simulators.town.named_incidents import TITLES, NoSuitableDevice, play_named
from simulators.town.population.build import build_town

START: Instant = 1_795_795_200_000
TOWN = build_town("small", 3)


@pytest.mark.parametrize("kind", sorted(TITLES.keys() - REPORTED.keys() - {"wandering"}))
def test_every_kind_plays_on_devices_that_suit_it(kind: str) -> None:
    incident, events = play_named(TOWN, kind, START + 9 * HOUR, 4)
    measured = [timed for timed in events if isinstance(timed.event, Measurement | Batch)]
    assert incident.title == TITLES[kind]
    assert incident.begin == START + 9 * HOUR
    until = max(incident.end, incident.notify_by or 0) + 30 * HOUR
    assert all(incident.begin <= timed.at <= until for timed in measured)
    reporting = {timed.event.device for timed in measured if isinstance(timed.event, Measurement | Batch)}
    assert reporting & set(incident.devices)


@pytest.mark.parametrize("kind", sorted(REPORTED))
def test_what_only_residents_notice_is_reported_within_ten_minutes(kind: str) -> None:
    incident, events = play_named(TOWN, kind, START + 9 * HOUR, 4)
    reports = [timed for timed in events if isinstance(timed.event, CitizenReport)]
    assert (incident.title, incident.devices) == (TITLES[kind], ())
    assert reports
    assert all(incident.begin < timed.at <= incident.begin + HOUR // 6 for timed in reports)
    assert {report.event.place for report in reports if isinstance(report.event, CitizenReport)} == {incident.place}
    with pytest.raises(NoSuitableDevice, match=kind):
        play_named(structs.replace(TOWN, places=()), kind, START, 4)


def test_a_town_without_such_devices_refuses_by_name() -> None:
    with pytest.raises(NoSuitableDevice, match="kitchen_leak"):
        play_named(structs.replace(TOWN, devices=()), "kitchen_leak", START, 4)


def test_a_town_whose_water_days_are_not_kept_plays_a_flood_with_levels_of_another() -> None:
    other = structs.replace(TOWN, preset="real")
    incident, events = play_named(other, "sewer_flooding", START, 4)
    assert any(timed.event.values["flooded"] for timed in events if isinstance(timed.event, Measurement))
    assert incident.title == "暴雨井水满溢"


def test_water_plays_on_the_device_that_is_named() -> None:
    meter = next(one.id for one in TOWN.devices if one.kind == "water_meter")
    manhole = next(one.id for one in TOWN.devices if one.kind == "manhole")
    assert play_named(TOWN, "household_burst", START, 4, [meter])[0].devices == (meter,)
    assert play_named(TOWN, "cover_stolen", START, 4, [manhole])[0].devices == (manhole,)
    without = structs.replace(TOWN, devices=())
    for kind in ("household_burst", "leak_found", "cover_stolen", "sewer_flooding", "main_burst"):
        with pytest.raises(NoSuitableDevice, match=kind):
            play_named(without, kind, START, 4)
