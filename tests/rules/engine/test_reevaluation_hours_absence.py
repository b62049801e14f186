"""Absence, expiry, groups and chatter with hours: reevaluated when their hours begin and end."""

from __future__ import annotations

from typing import Any

import pytest

from domain import HOUR, MINUTE, Device, Person, Place, Reading, Value
from domain.people import community
from rules.engine.engine import Engine
from tests.support.rule_builders import (
    Kinds,
    book,
    building_group,
    engine_of,
    finding_lines,
    rule,
    run_trial,
    shanghai_time,
)


def door_reading(at: int, opened: Value = True, **more: Any) -> Reading:
    return Reading("d", "door", at, at, {"opened": opened}, **more)


def test_an_absence_is_reported_when_its_hours_begin(kinds: Kinds) -> None:
    absence = rule("r", absent={"after": "20m"}, only_if="time.hour >= 23")
    findings = run_trial(kinds, [absence], start="2026-01-01T22:30+08:00", readings={"alarm": "false"}, until="4h")
    assert findings == ("1800s begin high",)


def test_a_device_that_reports_again_before_the_hours_is_not_reported_absent(kinds: Kinds) -> None:
    absence = rule("r", absent={"after": "20m"}, only_if="time.hour >= 23")
    findings = run_trial(
        kinds,
        [absence],
        every="25m",
        start="2026-01-01T22:30+08:00",
        readings={"alarm": "false false"},
        until="10m",
    )
    assert findings == ()


def findings_of_silent_door(engine: Engine, *report_minutes: int, until: int, start: int) -> list[str]:
    """The findings of a door that reports at these minutes after the start, and then no more."""
    found = engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
    for minute in report_minutes:
        found += engine.feed([door_reading(start + minute * MINUTE, opened=False)], start + minute * MINUTE)
    return finding_lines(found + engine.tick(start + until * MINUTE), start)


ABSENCE = rule("silent", kind="door", absent={"after": "20m"}, only_if="time.hour >= 22")


def test_an_absence_after_an_inhibited_one_is_reported_in_time_and_not_a_day_later(kinds: Kinds) -> None:
    """Absent at 21:50, before its hours; reports at 21:55; absent again at 22:15."""
    findings = findings_of_silent_door(
        engine_of(kinds, ABSENCE), 0, 25, until=60, start=shanghai_time("2026-01-01T21:30")
    )
    assert findings == ["2700 silent began"]


def test_a_start_after_a_crash_does_not_report_an_absence_for_the_time_at_which_it_was_inhibited(kinds: Kinds) -> None:
    """Before ten a cause inhibits it, after ten its hours do: when the cause ends, 21:50 must not be reported."""
    start, early = shanghai_time("2026-01-01T21:30"), "time.hour < 22 and not finding.cause"
    rules = [rule("silent", kind="door", absent={"quantity": "battery_pct", "after": "20m"}, only_if=early)]
    rules.append(rule("cause", kind="door", when="opened"))
    for crashes in (False, True):
        engine = engine_of(kinds, *rules)
        engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
        engine.feed([door_reading(start)], start)
        findings = engine.feed([door_reading(start + 35 * MINUTE, opened=False)], start + 35 * MINUTE)
        if crashes:
            snapshot, engine = engine.snapshot(), engine_of(kinds, *rules)
            engine.restore(snapshot)
            engine.register([Device("d", "door", attributes={"report_every": "1d"})], start + 36 * MINUTE)
        assert finding_lines(findings + engine.tick(start + HOUR), start) == ["2100 cause ended"]


@pytest.mark.parametrize("with_other_rule", [False, True])
def test_an_inhibited_absence_is_reported_when_the_registry_changes(kinds: Kinds, with_other_rule: bool) -> None:
    """Its resident is registered as living alone after it became absent: it is reported at once."""
    start, home = shanghai_time("2026-01-01T22:00"), Place("h", "101", "household")
    alone_rule = rule("silent", kind="door", absent={"after": "20m"}, only_if="time.hour >= 22 and person.alone")
    other_rule = rule("weekly", kind="door", absent={"after": "25m"}, only_if="time.hour >= 22")
    rules = [alone_rule, other_rule] if with_other_rule else [alone_rule]
    engine = engine_of(kinds, *rules, registry=community(places=[home], people=[Person("p", "王", home="h")]))
    device = Device("d", "door", place="h", attributes={"report_every": "1d"})
    engine.register([device], start)
    assert engine.tick(start + 21 * MINUTE) == []
    alone = Person("p", "王", home="h", attributes={"alone": True})
    engine.community = community(places=[home], people=[alone])
    findings = engine.register([device], start + 22 * MINUTE) + engine.tick(start + 22 * MINUTE)
    assert finding_lines(findings, start) == ["1320 silent began"]


def test_an_absence_due_at_a_registry_change_is_reported_with_its_due_time(kinds: Kinds) -> None:
    """The inhibited one is reevaluated with it."""
    start = shanghai_time("2026-01-01T21:30")
    other = rule("other", kind="door", absent={"after": "25m"})
    engine = engine_of(kinds, ABSENCE, other)
    device = Device("d", "door", attributes={"report_every": "1d"})
    engine.register([device], start)
    assert engine.tick(start + 24 * MINUTE) == []
    assert engine.register([device], start + 26 * MINUTE) == []
    assert finding_lines(engine.tick(start + HOUR), start) == ["1500 other began", "1800 silent began"]


def test_an_inhibited_absence_is_reported_when_its_rule_changes_its_hours(kinds: Kinds) -> None:
    start, always = shanghai_time("2026-01-01T21:30"), {**ABSENCE, "only_if": "time.hour >= 21"}
    engine = engine_of(kinds, ABSENCE)
    engine.register([Device("d", "door", attributes={"report_every": "1d"})], start)
    engine.tick(start + 25 * MINUTE)
    findings = engine.reload([book(always)], start + 26 * MINUTE) + engine.tick(start + 26 * MINUTE)
    assert finding_lines(findings, start) == ["1560 silent began"]


def test_an_expiry_is_reported_when_its_hours_begin(kinds: Kinds) -> None:
    over = rule("r", expires={"on": "expires_on"}, only_if="time.hour >= 9", ledger="health")
    findings = run_trial(
        kinds,
        [over],
        start="2026-01-02T01:00+08:00",
        device={"expires_on": "2026-01-01"},
        readings={"alarm": "false"},
        until="12h",
    )
    assert findings == (f"{8 * 3600}s begin high",)


def devices_in_building(**strips: str) -> dict[str, Any]:
    return {
        name: {"kind": "gas_alarm", "household": name, "readings": {"alarm": written}}
        for name, written in strips.items()
    }


def test_a_group_is_reported_when_its_hours_begin(kinds: Kinds) -> None:
    group = building_group("x", only_if="time.hour >= 23")
    findings = run_trial(
        kinds,
        [group, rule("x", when="alarm")],
        start="2026-01-01T22:50+08:00",
        devices=devices_in_building(a="true", b="true"),
    )
    assert findings == ("600s begin high",)


def test_a_group_that_ended_before_its_hours_is_not_reported(kinds: Kinds) -> None:
    group = building_group("x", only_if="time.hour >= 23")
    devices = devices_in_building(a="true _x5 false", b="true _x5 false")
    findings = run_trial(kinds, [group, rule("x", when="alarm")], start="2026-01-01T22:50+08:00", devices=devices)
    assert findings == ()


def test_a_group_with_one_of_two_time_conditions_is_still_inhibited(kinds: Kinds) -> None:
    group = building_group("x", only_if="time.hour >= 23 and time.minute >= 23:30")
    devices = devices_in_building(a="true", b="true")
    findings = run_trial(kinds, [group, rule("x", when="alarm")], start="2026-01-01T22:50+08:00", devices=devices)
    assert findings == ("2400s begin high",)


def test_chatter_outside_its_hours_is_not_reported(kinds: Kinds) -> None:
    often = rule("r", kind="any", chatter={"times": 3, "within": "1m"}, only_if="time.hour >= 23", release="1d")
    member = rule("x", when="alarm")
    for start, expected in (("T22:00", ()), ("T23:00", ("40s begin high",))):
        report_minutes = {"alarm": "true false true false true false"}
        findings = run_trial(
            kinds, [often, member], kind="gas_alarm", start=f"2026-01-01{start}+08:00", readings=report_minutes
        )
        assert findings == expected
