"""Rules about what did not happen: begun when their window is over, not with the next report of the device."""

from __future__ import annotations

from domain import DAY, HOUR, MINUTE, Device, Finding, Instant, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from tests.support.gas_readings import T0

Kinds = dict[str, Kind]
UNUSED = "max(opened, 24h) == 0 and seen(opened, 24h) >= 24h"


def engine_of(kinds: Kinds, when: str = UNUSED, **more: object) -> Engine:
    written = {"name": "r", "title": {"zh": "一", "en": "x"}, "kind": "door", "severity": "low", "source": "test"}
    book = Rulebook.model_validate({"hazard": "person", "rules": [{**written, "when": when, **more}]})
    engine = Engine([book], kinds, community())
    engine.register([Device("d", "door", attributes={"report_every": "1d"})], T0)
    return engine


def door(engine: Engine, at: Instant, opened: bool) -> list[str]:
    """A report; due timers come before it, as in a host."""
    findings = [
        *engine.tick(T0 + at),
        *engine.feed([Reading("d", "door", T0 + at, T0 + at, {"opened": opened})], T0 + at),
    ]
    return lines(findings)


def tick(engine: Engine, at: Instant) -> list[str]:
    return lines(engine.tick(T0 + at))


def lines(findings: list[Finding]) -> list[str]:
    return [f"{(finding.at - T0) / HOUR:g}h {finding.phase}" for finding in findings]


def opened_at_ten(engine: Engine) -> None:
    """Its daily report, and somebody who goes out an hour later."""
    assert door(engine, 9 * HOUR, opened=False) == []
    assert door(engine, 10 * HOUR, opened=True) == []
    assert door(engine, 10 * HOUR + MINUTE, opened=False) == []


def test_a_door_that_reports_once_a_day_is_found_unused_a_day_after_its_last_opening(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    opened_at_ten(engine)
    assert door(engine, 33 * HOUR, opened=False) == []
    assert tick(engine, 34 * HOUR - 1) == []
    assert tick(engine, 34 * HOUR) == ["34h began"]
    assert door(engine, 57 * HOUR, opened=False) == []
    assert door(engine, 58 * HOUR, opened=True) == ["58h ended"]


def test_the_daily_report_before_may_have_been_lost(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    opened_at_ten(engine)
    assert tick(engine, 40 * HOUR) == ["34h began"]


def test_it_survives_a_restart(kinds: Kinds) -> None:
    engine, restored = engine_of(kinds), engine_of(kinds)
    opened_at_ten(engine)
    restored.restore(engine.snapshot())
    assert tick(restored, 34 * HOUR) == ["34h began"]


def test_an_opening_meanwhile_restarts_the_day(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    opened_at_ten(engine)
    assert door(engine, 20 * HOUR, opened=True) == []
    assert door(engine, 20 * HOUR + MINUTE, opened=False) == []
    assert tick(engine, 44 * HOUR - 1) == []
    assert tick(engine, 44 * HOUR) == ["44h began"]


def test_after_an_end_by_its_release_the_day_is_counted_again(kinds: Kinds) -> None:
    engine = engine_of(kinds, release="5m")
    opened_at_ten(engine)
    assert tick(engine, 34 * HOUR) == ["34h began"]
    assert door(engine, 40 * HOUR, opened=True) == []
    assert door(engine, 40 * HOUR + MINUTE, opened=False) == []
    assert tick(engine, 41 * HOUR) == [f"{40 + 5 / 60:g}h ended"]
    assert tick(engine, 64 * HOUR) == ["64h began"]


def test_a_window_without_a_reading_is_unknown(kinds: Kinds) -> None:
    """A door that was not heard for longer than the window says nothing about it."""
    engine = engine_of(kinds, "max(opened, 1h) == 0 and seen(opened, 1h) >= 1h")
    assert door(engine, 0, opened=False) == []
    assert door(engine, 1, opened=True) == []
    assert tick(engine, 12 * HOUR) == []


def test_a_device_that_is_silent_for_longer_than_its_plan_begins_nothing(kinds: Kinds) -> None:
    engine = engine_of(kinds, "max(opened, 7d) == 0 and seen(opened, 7d) >= 7d")
    opened_at_ten(engine)
    assert tick(engine, 9 * DAY) == []


def test_time_alone_ends_no_finding(kinds: Kinds) -> None:
    engine = engine_of(kinds, "count(opened, 1h) >= 2")
    assert door(engine, 0, opened=True) == []
    assert door(engine, MINUTE, opened=True) == [f"{1 / 60:g}h began"]
    assert door(engine, 2 * MINUTE, opened=False) == []
    assert tick(engine, 12 * HOUR) == []


def test_a_rule_that_also_needs_numbers_waits_for_the_reading(kinds: Kinds) -> None:
    engine = engine_of(kinds, f"{UNUSED} and max(battery_pct, 24h) < 200")
    for at, opened in ((9 * HOUR, False), (10 * HOUR, True), (10 * HOUR + MINUTE, False)):
        engine.feed([Reading("d", "door", T0 + at, T0 + at, {"opened": opened, "battery_pct": 90})], T0 + at)
    assert tick(engine, 40 * HOUR) == []


def test_the_hours_of_an_outage_do_not_count_as_unused(kinds: Kinds) -> None:
    """Two hours in which nothing could be received: what the door reported then may still wait at the broker."""
    engine = engine_of(kinds)
    opened_at_ten(engine)
    assert door(engine, 33 * HOUR, opened=False) == []
    engine.outage(T0 + int(33.5 * HOUR), T0 + int(35.5 * HOUR))
    assert tick(engine, 36 * HOUR - 1) == []
    assert tick(engine, 36 * HOUR) == ["36h began"]


def test_while_nothing_can_be_received_no_finding_begins(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    opened_at_ten(engine)
    assert door(engine, 33 * HOUR, opened=False) == []
    engine.outage(T0 + int(33.5 * HOUR), None)
    assert tick(engine, 40 * HOUR) == []
    engine.outage(T0 + int(33.5 * HOUR), T0 + 40 * HOUR)
    assert tick(engine, 40 * HOUR + HOUR // 2 - 1) == []
    assert tick(engine, 40 * HOUR + HOUR // 2) == ["40.5h began"]


def test_an_opening_that_was_kept_during_the_outage_starts_the_window_again(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    opened_at_ten(engine)
    engine.outage(T0 + 33 * HOUR, T0 + 35 * HOUR)
    late = Reading("d", "door", T0 + 34 * HOUR, T0 + 35 * HOUR, {"opened": True})
    shut = Reading("d", "door", T0 + 34 * HOUR + MINUTE, T0 + 35 * HOUR, {"opened": False})
    assert lines([*engine.tick(T0 + 35 * HOUR), *engine.feed([late, shut], T0 + 35 * HOUR)]) == []
    assert tick(engine, 58 * HOUR) == []


def test_the_hours_of_a_silent_gateway_do_not_count_as_unused(kinds: Kinds) -> None:
    engine = engine_of(kinds)
    devices = [
        Device("gw", "gateway", attributes={"report_every": "10m"}),
        Device("d", "door", attributes={"report_every": "1d", "gateway": "gw"}),
    ]
    engine.register(devices, T0)
    opened_at_ten(engine)
    assert door(engine, 33 * HOUR, opened=False) == []
    gateway = engine.states["d"].parent_gateway
    assert gateway is not None
    gateway.outages.record(T0 + int(33.5 * HOUR), None)
    assert tick(engine, 40 * HOUR) == []
    gateway.outages.record(T0 + int(33.5 * HOUR), T0 + 40 * HOUR)
    assert tick(engine, 41 * HOUR) == ["40.5h began"]
