"""Latched rules (A13): a person resets them, and then they speak again. Every host agrees, also after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


def gas(at: int, device: str = "g", **values: Any) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


def test_a_latched_alarm_that_was_reset_speaks_again(kinds: Kinds) -> None:
    """The reported case: `alarm: true false _x30 true` told one beginning, and never again."""
    strip = {"alarm": "true false _x30 true"}
    assert run_trial(kinds, [ALARM], readings=strip) == ("0s begin high",)
    assert run_trial(kinds, [ALARM], readings=strip, reset=["5m"]) == ("0s begin high", "300s end", "320s begin high")


def test_what_still_burns_when_it_is_reset_ends_with_its_all_clear_and_is_told_anew_after_it(kinds: Kinds) -> None:
    findings = run_trial(kinds, [ALARM], readings={"alarm": "true _x30 false true"}, reset=["5m"])
    assert findings == ("0s begin high", "310s end", "320s begin high")


def test_the_latch_holds_again_for_the_next_danger(kinds: Kinds) -> None:
    findings = run_trial(kinds, [ALARM], readings={"alarm": "true _x30 false true false"}, reset=["5m"])
    assert findings == ("0s begin high", "310s end", "320s begin high")


def test_what_still_burns_and_fell_silent_waits_for_the_device(kinds: Kinds) -> None:
    findings = run_trial(
        kinds, [ALARM], device={"report_every": "1m"}, readings={"alarm": "true _x200 false"}, reset=["20m"]
    )
    assert findings == ("0s begin high", "780s stale", "2010s end")


def test_a_reset_of_what_no_person_need_reset_changes_nothing(kinds: Kinds) -> None:
    assert run_trial(kinds, [rule("r", when="alarm")], readings={"alarm": "true"}, reset=["5m"]) == ("0s begin high",)
    assert run_trial(kinds, [ALARM], readings={"alarm": "false"}, reset=["5m"]) == ()


def test_a_press_that_is_latched_is_over_when_it_is_reset(kinds: Kinds) -> None:
    sos = rule("r", kind="wristband", event="sos", latch=True)
    findings = run_trial(kinds, [sos], readings={"sos": "true true _x30 true"}, reset=["5m"])
    assert findings == ("0s begin high", "300s end", "320s begin high")


def test_a_latched_window_of_hours_can_be_reset_by_day_although_the_door_is_open(kinds: Kinds) -> None:
    night = rule("r", kind="door", when="opened and time.hour >= 23", latch=True)
    findings = run_trial(
        kinds, [night], start="2026-01-01T23:50+08:00", readings={"opened": "true"}, reset=["30m"], until="24h"
    )
    assert findings == ("0s begin high", "1800s end", "83400s begin high")


def test_a_latched_silence_is_over_when_the_device_was_heard(kinds: Kinds) -> None:
    silent = rule("r", absent={"after": "10m"}, latch=True)
    readings = run_trial(kinds, [silent], readings={"alarm": "false _x90 false"}, reset=["920s"], until="20m")
    assert readings == ("600s begin high", "920s end", "1510s begin high")
    still = run_trial(kinds, [silent], readings={"alarm": "false _x90 false"}, reset=["800s"], until="5m")
    assert still == ("600s begin high", "910s end")


def test_a_latched_silence_that_was_reset_stays_reset_over_the_edges_of_its_hours(kinds: Kinds) -> None:
    """Reset at 22:50 while still silent; 23:00 passes; at 23:10 it is heard: it ends, and needs no second reset."""
    silent = rule("r", absent={"after": "10m"}, latch=True, only_if="time.hour == 22")
    engine, start = engine_of(kinds, silent), shanghai_time("2026-01-01T22:30")
    device = Device("d", "gas_alarm")
    findings = engine.register([device], start) + engine.tick(start + 20 * MINUTE)
    assert engine.release("d", "r", start + 20 * MINUTE) == []
    findings += engine.register([device], start + 21 * MINUTE) + engine.tick(start + 35 * MINUTE)
    now = start + 40 * MINUTE
    findings += engine.feed([Reading("d", "gas_alarm", now, now, {"alarm": False})], now)
    assert finding_lines(findings, start) == ["600 r began", "2400 r ended"]


def test_a_latched_building_ends_when_its_members_did(kinds: Kinds) -> None:
    devices = {
        name: {"kind": "gas_alarm", "household": name, "readings": {"alarm": "true _x30 false true"}} for name in "ab"
    }
    many = building_group("x", latch=True)
    findings = run_trial(kinds, [many, rule("x", when="alarm")], devices=devices, reset=["5m", "315s"])
    assert findings == ("0s begin high", "310s end", "320s begin high")
    findings = run_trial(kinds, [many, rule("x", when="alarm")], devices=devices, reset=["315s"])
    assert findings == ("0s begin high", "315s end", "320s begin high")


def test_a_latched_value_of_another_type_is_no_danger_any_more(kinds: Kinds) -> None:
    engine = engine_of(kinds, rule("r", when="lel_pct > 5", latch=True))
    engine.feed([gas(0, lel_pct=12)], T0)
    engine.feed([gas(1000, lel_pct="much")], T0 + 1000)
    assert finding_lines(engine.release("g", "r", T0 + 2000), T0) == ["2 r ended"]


def test_latched_findings_are_listed_with_their_ids(kinds: Kinds) -> None:
    engine = engine_of(kinds, ALARM)
    (begun,) = engine.feed([gas(0, alarm=True)], T0)
    assert [(one.finding, one.rule, one.device) for one in engine.latched_findings()] == [(begun.id, "r", "g")]
    assert engine.latched_devices("r") == ["g"]
    assert engine.release("g", "r", T0 + 1) == [] == engine.latched_findings()  # it still burns, and is unlatched
    assert engine.release("g", "r", T0 + 2) == []
    assert engine_of(kinds, rule("r", when="alarm")).latched_findings() == []


def test_a_restart_after_a_reset_knows_of_it(kinds: Kinds) -> None:
    for cleared in (True, False):
        steady, crashed = engine_of(kinds, ALARM), engine_of(kinds, ALARM)
        findings: list[Finding] = []
        steady.feed([gas(0, alarm=True), gas(1000, alarm=not cleared)], T0 + 1000)
        findings += steady.release("g", "r", T0 + 2000)
        crashed.restore(steady.snapshot())
        rest = [gas(3000, alarm=False), gas(4000, alarm=True)]
        assert finding_lines(steady.feed(rest, T0 + 4000), T0) == finding_lines(crashed.feed(rest, T0 + 4000), T0)
        assert steady.snapshot() == crashed.snapshot()


def test_a_replay_and_a_backtest_play_resets_between_readings(kinds: Kinds) -> None:
    readings = [gas(0, alarm=True), gas(10_000, alarm=False), gas(320_000, alarm=True)]
    resets = [Reset(T0 + 300_000, "r", "g"), Reset(T0 + HOUR, "r", "g")]
    findings = list(play(engine_of(kinds, ALARM), chunk_events(readings, resets), T0 + 2 * HOUR))
    assert finding_lines(findings, T0)[:3] == ["0 r began", "300 r ended", "320 r began"]
    everybody = [ReadingBatch(T0, readings[:2]), Reset(T0 + 300_000, "r"), ReadingBatch(T0 + 320_000, readings[2:])]
    assert finding_lines(list(play(engine_of(kinds, ALARM), everybody)), T0) == [
        "0 r began",
        "300 r ended",
        "320 r began",
    ]


def test_a_changed_rulebook_keeps_what_a_person_undid(kinds: Kinds) -> None:
    engine = engine_of(kinds, ALARM)
    engine.feed([gas(0, alarm=True)], T0)
    engine.release("g", "r", T0 + 1000)
    engine.reload([book({**ALARM, "title": {"zh": "新", "en": "new"}})], T0 + 2000)
    assert finding_lines(engine.feed([gas(3000, alarm=False)], T0 + 3000), T0) == ["3 r ended"]


def test_a_latched_building_of_an_engine_is_reset_by_its_name(kinds: Kinds) -> None:
    town = community(places=[Place("b1", "1栋", "building")])
    engine = Engine([book(rule("x", when="alarm"), building_group("x", latch=True))], kinds, town)
    engine.register([Device(name, "gas_alarm", place="b1") for name in "ab"], T0)
    engine.feed([gas(0, "a", alarm=True), gas(0, "b", alarm=True)], T0)
    assert engine.latched_devices("many") == ["building/b1"]
    engine.feed([gas(1000, "a", alarm=False), gas(1000, "b", alarm=False)], T0 + 1000)
    assert finding_lines(engine.release("building/b1", "many", T0 + 2000), T0) == ["2 many ended"]


def test_a_latched_finding_of_which_nothing_is_remembered_ends_when_it_is_reset(kinds: Kinds) -> None:
    """A state written down by a version that kept no inputs."""
    engine = engine_of(kinds, ALARM)
    engine.feed([gas(0, alarm=True)], T0)
    engine.states["g"].keep_inputs("r", None)
    assert finding_lines(engine.release("g", "r", T0 + 1000), T0) == ["1 r ended"]


def test_inputs_of_a_rule_that_is_removed_are_forgotten(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="time.hour >= 23")
    engine = engine_of(kinds, held, rule("x", when="alarm"))
    engine.feed([gas(0, lel_pct=12)], T0)
    assert engine.states["g"].pending is not None
    engine.reload([book(rule("x", when="alarm"))], T0 + 1000)
    assert engine.states["g"].pending is None
    assert engine.tick(T0 + 24 * HOUR) == []


def test_what_can_no_longer_be_compared_at_the_edge_is_trouble(kinds: Kinds) -> None:
    timed = rule("r", when="alarm or lel_pct > 5 and time.hour >= 23")
    engine = engine_of(kinds, timed)
    engine.register([Device("g", "gas_alarm", attributes={"report_every": "1d"})], T0)
    engine.feed([gas(0, alarm=True)], T0)
    inputs = engine.states["g"].pending
    assert inputs is not None
    inputs.inputs["r"].measured.update(alarm=(T0, False), lel_pct=(T0, "much"))
    engine.tick(T0 + 12 * HOUR)
    assert engine.state.type_errors.get("r", 0) >= 1


@pytest.mark.parametrize("latch", [False, True])
def test_a_trial_that_resets_a_rule_without_a_latch_is_refused_at_its_line(latch: bool, tmp_path: Path) -> None:
    """Nobody can reset it: what the trial proves of the reset would be proved of nothing."""
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
    said = "r has no latch, nobody resets it: remove reset, or write latch: true into the rule"
    assert [str(fault) for fault in caught.value.faults] == [f"{trials}:6:3: trials.0.reset: {said}"]
