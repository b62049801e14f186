"""Latched rules: a person resets them, and then they can begin again. All hosts agree, also after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.config.faults import ConfigError
from app.rule_tools.check import check_files
from domain import HOUR, MINUTE, Device, Finding, Place, Reading
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.replay import ReadingBatch, Reset, chunk_events, play
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

T0 = shanghai_time("2026-01-01T12:00")
ALARM = rule("r", when="alarm", latch=True)


def reading_at(at: int, device: str = "g", **values: Any) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


def test_a_latched_alarm_can_begin_again_after_a_reset(kinds: Kinds) -> None:
    """The reported case: `alarm: true false _x30 true` began once, and never again."""
    strip = {"alarm": "true false _x30 true"}
    assert run_trial(kinds, [ALARM], readings=strip) == ("0s begin high",)
    assert run_trial(kinds, [ALARM], readings=strip, reset=["5m"]) == ("0s begin high", "300s end", "320s begin high")


def test_a_danger_that_persists_at_the_reset_ends_with_its_all_clear_and_can_begin_again(kinds: Kinds) -> None:
    findings = run_trial(kinds, [ALARM], readings={"alarm": "true _x30 false true"}, reset=["5m"])
    assert findings == ("0s begin high", "310s end", "320s begin high")


def test_the_next_danger_after_a_reset_is_latched_again(kinds: Kinds) -> None:
    findings = run_trial(kinds, [ALARM], readings={"alarm": "true _x30 false true false"}, reset=["5m"])
    assert findings == ("0s begin high", "310s end", "320s begin high")


def test_a_reset_finding_of_a_silent_device_ends_with_its_next_reading(kinds: Kinds) -> None:
    findings = run_trial(
        kinds, [ALARM], device={"report_every": "1m"}, readings={"alarm": "true _x200 false"}, reset=["20m"]
    )
    assert findings == ("0s begin high", "780s stale", "2010s end")


def test_a_reset_without_a_latched_finding_changes_nothing(kinds: Kinds) -> None:
    assert run_trial(kinds, [rule("r", when="alarm")], readings={"alarm": "true"}, reset=["5m"]) == ("0s begin high",)
    assert run_trial(kinds, [ALARM], readings={"alarm": "false"}, reset=["5m"]) == ()


def test_a_latched_event_ends_with_its_reset(kinds: Kinds) -> None:
    sos = rule("r", kind="wristband", event="sos", latch=True)
    findings = run_trial(kinds, [sos], readings={"sos": "true true _x30 true"}, reset=["5m"])
    assert findings == ("0s begin high", "300s end", "320s begin high")


def test_a_latched_night_rule_can_be_reset_by_day_although_the_door_is_open(kinds: Kinds) -> None:
    night = rule("r", kind="door", when="opened and time.hour >= 23", latch=True)
    findings = run_trial(
        kinds, [night], start="2026-01-01T23:50+08:00", readings={"opened": "true"}, reset=["30m"], until="24h"
    )
    assert findings == ("0s begin high", "1800s end", "83400s begin high")


def test_a_latched_absence_ends_after_the_device_reported(kinds: Kinds) -> None:
    silent = rule("r", absent={"after": "10m"}, latch=True)
    findings = run_trial(kinds, [silent], readings={"alarm": "false _x90 false"}, reset=["920s"], until="20m")
    assert findings == ("600s begin high", "920s end", "1510s begin high")
    findings = run_trial(kinds, [silent], readings={"alarm": "false _x90 false"}, reset=["800s"], until="5m")
    assert findings == ("600s begin high", "910s end")


def test_a_reset_absence_stays_reset_when_its_hours_change(kinds: Kinds) -> None:
    """Reset at 22:50 while still silent; 23:00 passes; at 23:10 the device reports: it ends, without a second reset."""
    silent = rule("r", absent={"after": "10m"}, latch=True, only_if="time.hour == 22")
    engine, start = engine_of(kinds, silent), shanghai_time("2026-01-01T22:30")
    device = Device("d", "gas_alarm")
    findings = engine.register([device], start) + engine.tick(start + 20 * MINUTE)
    assert engine.release("d", "r", start + 20 * MINUTE) == []
    findings += engine.register([device], start + 21 * MINUTE) + engine.tick(start + 35 * MINUTE)
    now = start + 40 * MINUTE
    findings += engine.feed([Reading("d", "gas_alarm", now, now, {"alarm": False})], now)
    assert finding_lines(findings, start) == ["600 r began", "2400 r ended"]


def test_a_latched_group_ends_when_its_members_have_ended(kinds: Kinds) -> None:
    devices = {
        name: {"kind": "gas_alarm", "household": name, "readings": {"alarm": "true _x30 false true"}} for name in "ab"
    }
    group = building_group("x", latch=True)
    findings = run_trial(kinds, [group, rule("x", when="alarm")], devices=devices, reset=["5m", "315s"])
    assert findings == ("0s begin high", "310s end", "320s begin high")
    findings = run_trial(kinds, [group, rule("x", when="alarm")], devices=devices, reset=["315s"])
    assert findings == ("0s begin high", "315s end", "320s begin high")


def test_a_latched_finding_can_be_reset_after_a_value_of_another_type(kinds: Kinds) -> None:
    engine = engine_of(kinds, rule("r", when="lel_pct > 5", latch=True))
    engine.feed([reading_at(0, lel_pct=12)], T0)
    engine.feed([reading_at(1000, lel_pct="much")], T0 + 1000)
    assert finding_lines(engine.release("g", "r", T0 + 2000), T0) == ["2 r ended"]


def test_latched_findings_are_listed_with_their_ids(kinds: Kinds) -> None:
    engine = engine_of(kinds, ALARM)
    (begun,) = engine.feed([reading_at(0, alarm=True)], T0)
    assert [(latched.finding, latched.rule, latched.device) for latched in engine.latched_findings()] == [
        (begun.id, "r", "g")
    ]
    assert engine.latched_devices("r") == ["g"]
    assert engine.release("g", "r", T0 + 1) == [] == engine.latched_findings()  # still dangerous, and no longer latched
    assert engine.release("g", "r", T0 + 2) == []
    assert engine_of(kinds, rule("r", when="alarm")).latched_findings() == []


def test_a_reset_that_is_repeated_late_is_for_no_later_finding(kinds: Kinds) -> None:
    """Written again while the end of the first finding was on its way, it would have unlatched the next danger."""
    engine = engine_of(kinds, ALARM)
    (first,) = engine.feed([reading_at(0, alarm=True)], T0)
    engine.feed([reading_at(1000, alarm=False)], T0 + 1000)
    reset = Reset(T0 + 2000, "r", "g", first.id)
    assert finding_lines(play(engine, [reset]), T0) == ["2 r ended"]
    (second,) = engine.feed([reading_at(3000, alarm=True)], T0 + 3000)
    assert list(play(engine, [reset, replace(reset, now=T0 + 4000)])) == []
    assert [latched.finding for latched in engine.latched_findings()] == [second.id]


def test_a_reset_survives_a_restart(kinds: Kinds) -> None:
    for cleared in (True, False):
        steady, crashed = engine_of(kinds, ALARM), engine_of(kinds, ALARM)
        findings: list[Finding] = []
        steady.feed([reading_at(0, alarm=True), reading_at(1000, alarm=not cleared)], T0 + 1000)
        findings += steady.release("g", "r", T0 + 2000)
        crashed.restore(steady.snapshot())
        rest = [reading_at(3000, alarm=False), reading_at(4000, alarm=True)]
        assert finding_lines(steady.feed(rest, T0 + 4000), T0) == finding_lines(crashed.feed(rest, T0 + 4000), T0)
        assert steady.snapshot() == crashed.snapshot()


def test_a_replay_applies_resets_between_readings(kinds: Kinds) -> None:
    readings = [reading_at(0, alarm=True), reading_at(10_000, alarm=False), reading_at(320_000, alarm=True)]
    resets = [Reset(T0 + 300_000, "r", "g"), Reset(T0 + HOUR, "r", "g")]
    findings = list(play(engine_of(kinds, ALARM), chunk_events(readings, resets), T0 + 2 * HOUR))
    assert finding_lines(findings, T0)[:3] == ["0 r began", "300 r ended", "320 r began"]
    batches = [ReadingBatch(T0, readings[:2]), Reset(T0 + 300_000, "r"), ReadingBatch(T0 + 320_000, readings[2:])]
    assert finding_lines(list(play(engine_of(kinds, ALARM), batches)), T0) == [
        "0 r began",
        "300 r ended",
        "320 r began",
    ]


def test_a_changed_rulebook_keeps_a_reset(kinds: Kinds) -> None:
    engine = engine_of(kinds, ALARM)
    engine.feed([reading_at(0, alarm=True)], T0)
    engine.release("g", "r", T0 + 1000)
    engine.reload([book({**ALARM, "title": {"zh": "新", "en": "new"}})], T0 + 2000)
    assert finding_lines(engine.feed([reading_at(3000, alarm=False)], T0 + 3000), T0) == ["3 r ended"]


def test_a_latched_group_is_reset_by_its_name(kinds: Kinds) -> None:
    registry = community(places=[Place("b1", "1栋", "building")])
    engine = Engine([book(rule("x", when="alarm"), building_group("x", latch=True))], kinds, registry)
    engine.register([Device(name, "gas_alarm", place="b1") for name in "ab"], T0)
    engine.feed([reading_at(0, "a", alarm=True), reading_at(0, "b", alarm=True)], T0)
    assert engine.latched_devices("many") == ["building/b1"]
    engine.feed([reading_at(1000, "a", alarm=False), reading_at(1000, "b", alarm=False)], T0 + 1000)
    assert finding_lines(engine.release("building/b1", "many", T0 + 2000), T0) == ["2 many ended"]


def test_a_latched_finding_without_saved_inputs_ends_with_its_reset(kinds: Kinds) -> None:
    """A state saved by a version that kept no inputs."""
    engine = engine_of(kinds, ALARM)
    engine.feed([reading_at(0, alarm=True)], T0)
    engine.states["g"].keep_inputs("r", None)
    assert finding_lines(engine.release("g", "r", T0 + 1000), T0) == ["1 r ended"]


def test_inputs_of_a_removed_rule_are_dropped(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="time.hour >= 23")
    engine = engine_of(kinds, held, rule("x", when="alarm"))
    engine.feed([reading_at(0, lel_pct=12)], T0)
    assert engine.states["g"].pending is not None
    engine.reload([book(rule("x", when="alarm"))], T0 + 1000)
    assert engine.states["g"].pending is None
    assert engine.tick(T0 + 24 * HOUR) == []


def test_a_value_that_cannot_be_compared_at_a_time_edge_is_a_type_error(kinds: Kinds) -> None:
    timed = rule("r", when="alarm or lel_pct > 5 and time.hour >= 23")
    engine = engine_of(kinds, timed)
    engine.register([Device("g", "gas_alarm", attributes={"report_every": "1d"})], T0)
    engine.feed([reading_at(0, alarm=True)], T0)
    inputs = engine.states["g"].pending
    assert inputs is not None
    inputs.inputs["r"].measured.update(alarm=(T0, False), lel_pct=(T0, "much"))
    engine.tick(T0 + 12 * HOUR)
    assert engine.state.type_errors.get("r", 0) >= 1


@pytest.mark.parametrize("latch", [False, True])
def test_a_trial_that_resets_a_rule_without_a_latch_is_refused_at_its_line(latch: bool, tmp_path: Path) -> None:
    """Such a rule cannot be reset: the trial would prove nothing."""
    book, trials = tmp_path / "own.yaml", tmp_path / "own_test.yaml"
    end = "  latch: true\n" if latch else ""
    head = "hazard: gas\nrules:\n- name: r\n  title: {zh: 甲, en: x}\n  kind: gas_alarm\n  severity: high\n"
    book.write_text(f"{head}  when: lel_pct >= 10\n  source: s\n{end}", "utf-8")
    trials.write_text(
        "trials:\n- name: x\n  rule: r\n  every: 10s\n  readings: {lel_pct: '3'}\n  reset: [30m]\n  expect: []\n",
        "utf-8",
    )
    if latch:
        assert check_files([book])["trials"] == 1
        return
    with pytest.raises(ConfigError) as caught:
        check_files([book])
    message = "r has no latch, nobody resets it: remove reset, or write latch: true into the rule"
    assert [str(fault) for fault in caught.value.faults] == [f"{trials}:6:3: trials.0.reset: {message}"]
