"""Groups that count only without another finding (`gather.without`): the door opened, and nobody moved for 10 min."""

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


def still(**written: Any) -> dict[str, Any]:
    gather = {"parts": [{"rules": ["door-open"]}], "without": ["moves"], **written.pop("gather", {})}
    return rule("still", gather=gather, of="household", **{"hold": "10m", **written})


def told(kinds: Kinds, *rules: dict[str, Any], door: str, motion: str = "", **trial: Any) -> tuple[str, ...]:
    devices = {
        "door": {"kind": "door", "household": "h", "readings": {"opened": door}},
        "motion": {"kind": "motion", "household": "h", "readings": {"occupied": motion or "_"}},
    }
    return run_trial(kinds, rules, every="1m", devices=devices, until="30m", **trial)


@pytest.mark.parametrize("written", [{}, {"gather": {"within": "1h"}}])
def test_nobody_moved_for_ten_minutes_after_the_door_opened(kinds: Kinds, written: dict[str, Any]) -> None:
    rules = (still(**written), OPENED, MOVES)
    assert told(kinds, *rules, door="true") == ("600s begin high",)
    assert told(kinds, *rules, door="true _x5 false") == ()


@pytest.mark.parametrize("written", [{}, {"gather": {"within": "1h"}}])
def test_who_moves_takes_it_back_and_the_ten_minutes_begin_anew_when_they_stop(
    kinds: Kinds, written: dict[str, Any]
) -> None:
    rules = (still(**written), OPENED, MOVES)
    assert told(kinds, *rules, door="true", motion="_x3 true _x4 false") == ("1080s begin high",)
    assert told(kinds, *rules, door="true", motion="_x3 true") == ()
    assert told(kinds, *rules, door="true", motion="_x15 true") == ("600s begin high", "900s end")


def test_what_is_barred_and_kept_back_by_another_finding_begins_when_both_are_over(kinds: Kinds) -> None:
    cause = rule("cause", kind="door", when="tamper")
    rules = (still(hold="0s", only_if="not finding.broken"), OPENED, MOVES,
             rule("broken", of="household", gather={"parts": [{"rules": ["cause"]}]}), cause)  # fmt: skip
    devices = {
        "door": {"kind": "door", "household": "h", "readings": {"opened": "_ true", "tamper": "true _x6 false"}},
        "motion": {"kind": "motion", "household": "h", "readings": {"occupied": "true _x3 false"}},
    }
    assert run_trial(kinds, rules, every="1m", devices=devices, until="30m") == ("420s begin high",)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_crash_while_it_is_barred_changes_nothing(kinds: Kinds, crashes: bool) -> None:
    rules = [still(), OPENED, MOVES]
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


def test_a_rule_taken_up_while_somebody_moves_does_not_begin(kinds: Kinds) -> None:
    """The door stands open for longer than anybody moves: who moves is looked at first."""
    engine = engine_of(kinds, OPENED, MOVES, still(gather={"without": []}, shadow=True), registry=HOME)
    engine.register([Device("door", "door", place="h"), Device("motion", "motion", place="h")], 0)
    engine.feed([Reading("door", "door", 0, 0, {"opened": True})], 0)
    engine.feed([Reading("motion", "motion", MINUTE, MINUTE, {"occupied": True})], MINUTE)
    taken = engine.reload([book(OPENED, MOVES, {**still(hold="0s"), "name": "still-now"})], 2 * MINUTE)
    assert taken == []
    over = engine.feed([Reading("motion", "motion", 3 * MINUTE, 3 * MINUTE, {"occupied": False})], 3 * MINUTE)
    assert finding_lines(over, 0) == ["180 still-now began"]


def test_of_one_reading_what_bars_is_judged_before_what_it_bars(kinds: Kinds) -> None:
    """The fitter opens the door with the tamper switch released, in one report: nobody is sent."""
    service = rule("service", kind="door", when="tamper", record=True)
    alone = still(hold="0s", gather={"without": ["service"]})
    devices = {"door": {"kind": "door", "household": "h", "readings": {"opened": "true", "tamper": "true"}}}
    for rules in ((alone, OPENED, service), (alone, service, OPENED)):
        assert run_trial(kinds, rules, devices=devices) == ()


def test_rules_that_bar_each_other_have_some_order_and_what_is_asked_for_comes_first() -> None:
    def gathers(name: str, part: str, bar: str) -> dict[str, Any]:
        return rule(name, of="household", gather={"parts": [{"rules": [part]}], "without": [bar]})

    a, b = rule("a", when="alarm"), rule("b", when="fault")
    order = ranks([book(gathers("x", "a", "b"), gathers("y", "b", "a"), a, b)])
    assert order["b"] < order["a"] < order["x"]
    asking = rule("b", when="fault and finding.a")
    order = ranks([book(gathers("x", "a", "b"), a, asking)])
    assert order["a"] < order["b"] < order["x"]
    elsewhere = ranks([book(gathers("x", "elsewhere", "b"), b)])
    assert elsewhere["b"] < elsewhere["x"]
