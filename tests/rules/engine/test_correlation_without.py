"""Groups that count only without another finding (`gather.without`): the door opened, and no movement for 10 min."""

from __future__ import annotations

from typing import Any

import pytest

from domain import MINUTE, Device, Place, Reading
from domain.people import community
from rules.rulebook.precedence import ranks
from tests.support.rule_builders import Kinds, book, engine_of, finding_lines, rule, run_trial

OPENED = rule("door-open", kind="door", when="opened", record=True)
MOVES = rule("moves", kind="motion", when="occupied", record=True)
HOME = community(places=[Place("h", "101", "household")])


def still_rule(**written: Any) -> dict[str, Any]:
    gather = {"parts": [{"rules": ["door-open"]}], "without": ["moves"], **written.pop("gather", {})}
    return rule("still", gather=gather, of="household", **{"hold": "10m", **written})


def run_door_trial(kinds: Kinds, *rules: dict[str, Any], door: str, motion: str = "", **trial: Any) -> tuple[str, ...]:
    devices = {
        "door": {"kind": "door", "household": "h", "readings": {"opened": door}},
        "motion": {"kind": "motion", "household": "h", "readings": {"occupied": motion or "_"}},
    }
    return run_trial(kinds, rules, every="1m", devices=devices, until="30m", **trial)


@pytest.mark.parametrize("written", [{}, {"gather": {"within": "1h"}}])
def test_no_movement_for_ten_minutes_after_the_door_opened_is_found(kinds: Kinds, written: dict[str, Any]) -> None:
    rules = (still_rule(**written), OPENED, MOVES)
    assert run_door_trial(kinds, *rules, door="true") == ("600s begin high",)
    assert run_door_trial(kinds, *rules, door="true _x5 false") == ()


@pytest.mark.parametrize("written", [{}, {"gather": {"within": "1h"}}])
def test_movement_cancels_the_hold_and_its_end_starts_the_hold_again(kinds: Kinds, written: dict[str, Any]) -> None:
    rules = (still_rule(**written), OPENED, MOVES)
    assert run_door_trial(kinds, *rules, door="true", motion="_x3 true _x4 false") == ("1080s begin high",)
    assert run_door_trial(kinds, *rules, door="true", motion="_x3 true") == ()
    assert run_door_trial(kinds, *rules, door="true", motion="_x15 true") == ("600s begin high", "900s end")


def test_a_group_blocked_by_two_findings_begins_when_both_have_ended(kinds: Kinds) -> None:
    cause = rule("cause", kind="door", when="tamper")
    rules = (still_rule(hold="0s", only_if="not finding.broken"), OPENED, MOVES,
             rule("broken", of="household", gather={"parts": [{"rules": ["cause"]}]}), cause)  # fmt: skip
    devices = {
        "door": {"kind": "door", "household": "h", "readings": {"opened": "_ true", "tamper": "true _x6 false"}},
        "motion": {"kind": "motion", "household": "h", "readings": {"occupied": "true _x3 false"}},
    }
    assert run_trial(kinds, rules, every="1m", devices=devices, until="30m") == ("420s begin high",)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_crash_while_a_group_is_blocked_changes_nothing(kinds: Kinds, crashes: bool) -> None:
    rules = [still_rule(), OPENED, MOVES]
    engine = engine_of(kinds, *rules, registry=HOME)
    devices = [Device("door", "door", place="h"), Device("motion", "motion", place="h")]
    engine.register(devices, 0)
    found = engine.feed([Reading("motion", "motion", 0, 0, {"occupied": True})], 0)
    found += engine.feed([Reading("door", "door", MINUTE, MINUTE, {"opened": True})], MINUTE)
    if crashes:
        snapshot, engine = engine.snapshot(), engine_of(kinds, *rules, registry=HOME)
        engine.restore(snapshot)
        engine.register(devices, 2 * MINUTE)
    found += engine.feed([Reading("motion", "motion", 3 * MINUTE, 3 * MINUTE, {"occupied": False})], 3 * MINUTE)
    assert finding_lines(found + engine.tick(20 * MINUTE), 0) == ["780 still began"]


def test_a_rule_loaded_during_movement_does_not_begin(kinds: Kinds) -> None:
    """The door is open for longer than the movement: the blocking finding is evaluated first."""
    engine = engine_of(kinds, OPENED, MOVES, still_rule(gather={"without": []}, shadow=True), registry=HOME)
    engine.register([Device("door", "door", place="h"), Device("motion", "motion", place="h")], 0)
    engine.feed([Reading("door", "door", 0, 0, {"opened": True})], 0)
    engine.feed([Reading("motion", "motion", MINUTE, MINUTE, {"occupied": True})], MINUTE)
    began = engine.reload([book(OPENED, MOVES, {**still_rule(hold="0s"), "name": "still-now"})], 2 * MINUTE)
    assert began == []
    findings = engine.feed([Reading("motion", "motion", 3 * MINUTE, 3 * MINUTE, {"occupied": False})], 3 * MINUTE)
    assert finding_lines(findings, 0) == ["180 still-now began"]


def test_a_blocking_rule_is_evaluated_before_the_group_it_blocks(kinds: Kinds) -> None:
    """A fitter opens the door with the tamper switch released, in one report: no finding."""
    service = rule("service", kind="door", when="tamper", record=True)
    alone = still_rule(hold="0s", gather={"without": ["service"]})
    devices = {"door": {"kind": "door", "household": "h", "readings": {"opened": "true", "tamper": "true"}}}
    for rules in ((alone, OPENED, service), (alone, service, OPENED)):
        assert run_trial(kinds, rules, devices=devices) == ()


def test_rules_that_block_each_other_have_an_order_after_the_rules_they_reference() -> None:
    def group_rule(name: str, part: str, blocking: str) -> dict[str, Any]:
        return rule(name, of="household", gather={"parts": [{"rules": [part]}], "without": [blocking]})

    a, b = rule("a", when="alarm"), rule("b", when="fault")
    order = ranks([book(group_rule("x", "a", "b"), group_rule("y", "b", "a"), a, b)])
    assert order["b"] < order["a"] < order["x"]
    referencing = rule("b", when="fault and finding.a")
    order = ranks([book(group_rule("x", "a", "b"), a, referencing)])
    assert order["a"] < order["b"] < order["x"]
    elsewhere = ranks([book(group_rule("x", "elsewhere", "b"), b)])
    assert elsewhere["b"] < elsewhere["x"]
