"""Rules about the sun or the date are reevaluated at dusk, dawn and midnight, at the location of the device."""

from __future__ import annotations

from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Device, Place, Reading, Value
from domain.people import community
from rules.engine.engine import Engine
from rules.language.sun import next_change
from tests.support.rule_builders import Kinds, engine_of, finding_lines, rule, shanghai_time

SHANGHAI, URUMQI = (31.23, 121.47), (43.8, 87.6)
NOON = shanghai_time("2026-06-21T12:00")
UNLIT = rule("unlit", kind="lamp_post", when="not on and sun.is_dark")
UNLIT_ONLY_IF = rule("unlit", kind="lamp_post", when="not on", only_if="sun.is_dark")


def lamp(point: tuple[float, float] | None, **more: Any) -> Device:
    coordinates: dict[str, Any] = {} if point is None else {"lat": point[0], "lon": point[1]}
    return Device("d", "lamp_post", attributes={"report_every": "2d", **coordinates, **more})


def lines_after_one_reading(
    engine: Engine, device: Device, *, until: int, start: int = NOON, **values: Value
) -> list[str]:
    """The findings of a lamp that reports once, with minutes after the start."""
    findings = engine.register([device], start)
    findings += engine.feed([Reading("d", "lamp_post", start, start, values)], start)
    findings += engine.tick(until)
    return [f"{(finding.now - start) // MINUTE} {finding.rule} {finding.phase}" for finding in findings]


def minutes_until(name: str, after: int, point: tuple[float, float]) -> int:
    changes = next_change(name, after, point)
    assert changes is not None
    return (changes - NOON) // MINUTE


@pytest.mark.parametrize("unlit", [UNLIT, UNLIT_ONLY_IF])
@pytest.mark.parametrize("point", [SHANGHAI, URUMQI])
def test_a_lamp_that_is_off_is_reported_at_dusk_at_its_location(
    kinds: Kinds, unlit: dict[str, Any], point: tuple[float, float]
) -> None:
    dusk = minutes_until("is_dark", NOON, point)
    findings = lines_after_one_reading(engine_of(kinds, unlit), lamp(point), on=False, until=NOON + dusk * MINUTE)
    assert findings == [f"{dusk} unlit began"]


def test_the_finding_ends_at_dawn_without_another_reading(kinds: Kinds) -> None:
    dusk = minutes_until("is_dark", NOON, SHANGHAI)
    dawn = minutes_until("is_dark", NOON + dusk * MINUTE, SHANGHAI)
    findings = lines_after_one_reading(engine_of(kinds, UNLIT), lamp(SHANGHAI), on=False, until=NOON + 20 * HOUR)
    assert findings == [f"{dusk} unlit began", f"{dawn} unlit ended"]


def test_sunset_and_elevation_of_the_sun_also_reevaluate(kinds: Kinds) -> None:
    down = rule("down", kind="lamp_post", when="not on and sun.is_down")
    low = rule("low", kind="lamp_post", when="not on and sun.elevation_deg < -3")
    findings = lines_after_one_reading(engine_of(kinds, down, low), lamp(SHANGHAI), on=False, until=NOON + 9 * HOUR)
    sunset, dusk = minutes_until("is_down", NOON, SHANGHAI), minutes_until("is_dark", NOON, SHANGHAI)
    assert [line.split()[1] for line in findings] == ["down", "low"]
    assert int(findings[0].split()[0]) == sunset
    assert sunset < int(findings[1].split()[0]) < dusk


def test_a_lamp_without_coordinates_is_reported_once_its_road_has_them(kinds: Kinds) -> None:
    engine = engine_of(kinds, UNLIT, registry=community(places=[Place("r", "人民路", "road")]))
    device, night = Device("d", "lamp_post", place="r", attributes={"report_every": "2d"}), NOON + 10 * HOUR
    assert lines_after_one_reading(engine, device, on=False, until=NOON + HOUR) == []
    located_road = Place("r", "人民路", "road", lat=SHANGHAI[0], lon=SHANGHAI[1])
    engine.community = community(places=[located_road])
    engine.register([device], NOON + HOUR)
    dusk = minutes_until("is_dark", NOON, SHANGHAI)
    assert finding_lines(engine.tick(night), NOON) == [f"{dusk * 60} unlit began"]


def test_the_timer_of_dusk_is_restored_after_a_crash(kinds: Kinds) -> None:
    engine = engine_of(kinds, UNLIT)
    assert lines_after_one_reading(engine, lamp(SHANGHAI), on=False, until=NOON + HOUR) == []
    snapshot, engine = engine.snapshot(), engine_of(kinds, UNLIT)
    engine.restore(snapshot)
    engine.register([lamp(SHANGHAI)], NOON + HOUR)
    dusk = minutes_until("is_dark", NOON, SHANGHAI)
    assert finding_lines(engine.tick(NOON + 10 * HOUR), NOON) == [f"{dusk * 60} unlit began"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("time.date > device.permitted_until", ["2160 expired began"]),
        ("time.date >= '2026-06-23'", ["2160 expired began"]),
        ("device.permitted_until - time.date < 1d", ["720 expired began"]),
        ("time.date > device.unwritten", []),
    ],
)
def test_a_permit_ends_at_midnight_without_another_reading(kinds: Kinds, condition: str, expected: list[str]) -> None:
    expired = rule("expired", kind="lamp_post", when=f"on and {condition}")
    device = lamp(SHANGHAI, permitted_until="2026-06-22")
    assert lines_after_one_reading(engine_of(kinds, expired), device, on=True, until=NOON + 2 * DAY) == expected
