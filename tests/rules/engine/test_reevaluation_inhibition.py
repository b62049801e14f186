"""Rules that refer to other findings: an inhibited finding begins when its cause ends; the cause is evaluated first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from domain import HOUR, MINUTE, Cell, Device, Place, Reading
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.rulebook.precedence import ranks
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

INHIBITED = rule("r", when="lel_pct >= 10", only_if="not finding.x")
CAUSE = rule("x", when="alarm")
T0 = shanghai_time("2026-01-01T12:00")
COMMUNITY = community(
    places=[
        Place("b1", "1栋", "building", cell="g1"),
        *(Place(name, name, "household", parent="b1") for name in ("h1", "h2")),
    ],
    cells=[Cell("g1", "一格", "cell")],
)


def reading_of(device: str, at: int, **values: Any) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


# -- an inhibited finding begins when its cause ends -------------------------------------------------------------


def test_an_inhibited_finding_begins_when_its_cause_ends_without_another_reading(kinds: Kinds) -> None:
    findings = run_trial(kinds, [INHIBITED, CAUSE], readings={"alarm": "true _x5 false", "lel_pct": "12"})
    assert findings == ("60s begin high",)


def test_an_inhibited_finding_begins_when_the_release_of_its_cause_ends(kinds: Kinds) -> None:
    findings = run_trial(
        kinds, [INHIBITED, {**CAUSE, "release": "1m"}], readings={"alarm": "true _x5 false", "lel_pct": "12"}
    )
    assert findings == ("120s begin high",)


def test_the_hold_of_an_inhibited_finding_begins_when_its_cause_ends(kinds: Kinds) -> None:
    held = {**INHIBITED, "hold": "30s"}
    assert run_trial(kinds, [held, CAUSE], readings={"alarm": "true _x5 false", "lel_pct": "12"}) == ("90s begin high",)


def test_a_danger_that_ended_before_its_cause_does_not_begin(kinds: Kinds) -> None:
    assert run_trial(kinds, [INHIBITED, CAUSE], readings={"alarm": "true _x4 _ false", "lel_pct": "12 _x3 1"}) == ()


def test_a_danger_that_ends_with_its_cause_in_one_reading_does_not_begin(kinds: Kinds) -> None:
    assert run_trial(kinds, [INHIBITED, CAUSE], readings={"alarm": "true false", "lel_pct": "12 1"}) == ()
    assert (
        run_trial(kinds, [CAUSE, INHIBITED], readings={"alarm": "true false", "lel_pct": "12 1"})[0] == "0s begin high"
    )


def test_a_condition_about_a_finding_follows_it(kinds: Kinds) -> None:
    valve = rule("r", when="not valve_closed and finding.x")
    findings = run_trial(kinds, [valve, CAUSE], readings={"valve_closed": "false", "alarm": "_x3 true _x3 false"})
    assert findings == ("30s begin high", "70s end")


def test_a_cause_that_a_person_resets_no_longer_inhibits(kinds: Kinds) -> None:
    engine = engine_of(kinds, INHIBITED, {**CAUSE, "latch": True})
    engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
    engine.feed([reading_of("g", 1000, alarm=False)], T0 + 1000)
    findings = [*engine.release("g", "x", T0 + 2000), *engine.tick(T0 + 3000)]
    assert finding_lines(findings, T0) == ["2 x ended", "2 r began"]


def test_a_cause_whose_rule_is_removed_no_longer_inhibits(kinds: Kinds) -> None:
    engine = engine_of(kinds, INHIBITED, CAUSE)
    engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
    # `check` refuses a reference to a rule that does not exist: this tests the engine alone.
    findings = [*engine.reload([book(INHIBITED)], T0 + 1000), *engine.tick(T0 + 2000)]
    assert finding_lines(findings, T0) == ["1 x ended", "1 r began"]


def test_a_cause_inhibits_unless_its_rule_is_in_shadow(kinds: Kinds) -> None:
    engine = engine_of(kinds, INHIBITED, CAUSE)
    engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
    findings = [*engine.reload([book(INHIBITED, {**CAUSE, "shadow": True})], T0 + 1000), *engine.tick(T0 + 2000)]
    assert finding_lines(findings, T0) == ["1 x ended", "1 r began"]
    held = {**INHIBITED, "hold": "1h"}
    other = engine_of(kinds, held, {**CAUSE, "shadow": True})
    other.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
    findings = [*other.reload([book(held, CAUSE)], T0 + 1000), *other.tick(T0 + 2 * HOUR)]
    assert "r" not in [finding.rule for finding in findings]


def test_an_inhibited_absence_is_reported_when_its_cause_ends(kinds: Kinds) -> None:
    silent = rule("r", absent={"quantity": "lel_pct", "after": "1m"}, only_if="not finding.x")
    findings = run_trial(kinds, [silent, CAUSE], readings={"lel_pct": "1", "alarm": "true _x20 false"}, until="3h")
    assert findings == ("210s begin high",)


def test_an_absence_that_is_over_when_its_cause_ends_is_not_reported(kinds: Kinds) -> None:
    silent = rule("r", absent={"quantity": "lel_pct", "after": "1m"}, only_if="not finding.x")
    readings = {"lel_pct": "1 _x18 1", "alarm": "true _x20 false"}
    assert run_trial(kinds, [silent, CAUSE], readings=readings, until="30s") == ()


def devices_in_building(**strips: dict[str, str]) -> dict[str, Any]:
    return {name: {"kind": "gas_alarm", "household": name, "readings": written} for name, written in strips.items()}


def test_a_finding_inhibited_by_a_group_begins_when_the_group_ends(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    devices = devices_in_building(a={"alarm": "true _x8 false"}, b={"alarm": "_ true _x9 false", "lel_pct": "_ 12"})
    assert run_trial(kinds, [held, CAUSE, building_group("x")], devices=devices) == ("110s begin high",)


def test_an_inhibited_group_begins_when_its_cause_ends(kinds: Kinds) -> None:
    group = building_group("x", only_if="not finding.other")
    other = building_group("y", name="other")
    devices = devices_in_building(
        a={"alarm": "_ true", "fault": "true _x8 false"}, b={"alarm": "_ true", "fault": "true _x8 false"}
    )
    findings = run_trial(kinds, [group, CAUSE, rule("y", when="fault"), other], devices=devices)
    assert findings == ("90s begin high",)


def test_a_device_that_moves_into_a_building_depends_on_the_findings_of_the_building(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    engine = Engine([book(held, CAUSE, building_group("x", at_least=1, gather={
        "parts": [{"rules": ["x"], "at_least": 2}], "within": "10m"}))], kinds, COMMUNITY)  # fmt: skip
    homes = {"a": "h1", "b": "h1", "c": "h2"}
    engine.register([Device(name, "gas_alarm", place=place) for name, place in homes.items()], T0)
    engine.feed([reading_of("a", 0, alarm=True), reading_of("b", 0, alarm=True)], T0)
    engine.feed([reading_of("c", 1000, lel_pct=12)], T0 + 1000)
    assert engine.states["c"].pending is not None
    engine.register([Device("c", "gas_alarm", place="h1")], T0 + 2000)
    findings = engine.feed([reading_of("a", 3000, alarm=False), reading_of("b", 3000, alarm=False)], T0 + 3000)
    findings += engine.tick(T0 + 4000)
    assert finding_lines(findings, T0)[-2:] == ["3 many ended", "3 r began"]
    engine.unregister(["c"], T0 + 5000)
    engine.feed([reading_of("a", 6000, alarm=True), reading_of("b", 6000, alarm=True)], T0 + 6000)
    assert "many" in engine.groups.states["building/b1"].rule_states


def test_a_group_in_shadow_does_not_inhibit(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    devices = devices_in_building(a={"alarm": "true"}, b={"alarm": "true", "lel_pct": "_ 12"})
    assert run_trial(kinds, [held, CAUSE, building_group("x", shadow=True)], devices=devices) == ("10s begin high",)


def test_a_cause_inhibited_later_is_still_evaluated_before_the_rule_that_refers_to_it(kinds: Kinds) -> None:
    """`held` waits for ten o'clock from 21:00, its cause only from 21:10: at ten the cause is evaluated first."""
    night = "time.hour >= 22"
    held = rule("held", when="lel_pct >= 10", only_if=f"{night} and not finding.cause")
    cause = rule("cause", when="alarm", only_if=night)
    findings = run_trial(
        kinds, [held, cause], every="10m", start="2026-01-01T21:00+08:00",
        readings={"lel_pct": "12 12", "alarm": "false true"}, until="1h",
    )  # fmt: skip
    assert findings == ()


# -- the inhibiting rule is evaluated first -----------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations([INHIBITED, CAUSE])))
def test_the_inhibiting_rule_is_evaluated_first_whatever_the_order_in_the_file(kinds: Kinds, order: Any) -> None:
    engine = engine_of(kinds, *order)
    findings = engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
    assert finding_lines(findings, T0) == ["0 x began"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_inhibiting_rule_is_evaluated_first_whatever_the_order_of_the_files(
    kinds: Kinds, order: tuple[int, int]
) -> None:
    books = [book(INHIBITED), book(CAUSE)]
    engine = Engine([books[index] for index in order], kinds, community())
    assert finding_lines(engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0), T0) == ["0 x began"]


def test_a_chain_of_three_rules_is_evaluated_from_its_cause(kinds: Kinds) -> None:
    """c inhibits b, b inhibits a: while c is active b does not begin, so that a does."""
    rules = [
        rule("a", when="lel_pct >= 10", only_if="not finding.b"),
        rule("b", when="co_ppm >= 50", only_if="not finding.c"),
        rule("c", when="alarm"),
    ]
    for order in permutations(rules):
        engine = engine_of(kinds, *order)
        findings = finding_lines(engine.feed([reading_of("g", 0, alarm=True, lel_pct=12, co_ppm=60)], T0), T0)
        assert sorted(findings) == ["0 a began", "0 c began"]
        findings = finding_lines(
            [*engine.feed([reading_of("g", 1000, alarm=False)], T0 + 1000), *engine.tick(T0 + 2000)], T0
        )
        assert findings == ["1 c ended", "1 b began"]  # only_if ends nothing: a stays active


def test_two_holds_that_end_in_one_instant_end_in_order(kinds: Kinds) -> None:
    for order in permutations([{**INHIBITED, "hold": "30s"}, {**CAUSE, "hold": "30s"}]):
        engine = engine_of(kinds, *order)
        engine.feed([reading_of("g", 0, alarm=True, lel_pct=12)], T0)
        assert finding_lines(engine.tick(T0 + MINUTE), T0) == ["30 x began"]


def test_two_windows_that_open_in_one_instant_open_in_order(kinds: Kinds) -> None:
    night = "time.hour >= 23"
    r = rule("r", when=f"lel_pct >= 10 and {night}", only_if="not finding.x")
    x = rule("x", when=f"alarm and {night}")
    start = shanghai_time("2026-01-01T22:50")
    for order in permutations([r, x]):
        engine = engine_of(kinds, *order)
        engine.feed([Reading("g", "gas_alarm", start, start, {"alarm": True, "lel_pct": 12})], start)
        assert finding_lines(engine.tick(start + 20 * MINUTE), start) == ["600 x began"]


def test_a_group_that_begins_with_the_same_reading_inhibits(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    group = building_group("x")
    for order in permutations([held, CAUSE, group]):
        engine = Engine([book(*order)], kinds, COMMUNITY)
        engine.register([Device("a", "gas_alarm", place="h1"), Device("b", "gas_alarm", place="h2")], T0)
        engine.feed([reading_of("a", 0, alarm=True)], T0)
        findings = finding_lines(engine.feed([reading_of("b", 1000, alarm=True, lel_pct=12)], T0 + 1000), T0)
        assert findings == ["1 x began", "1 many began"]


def test_of_two_groups_that_one_finding_completes_the_inhibiting_one_comes_first(kinds: Kinds) -> None:
    first, second = building_group("x", name="first", only_if="not finding.second"), building_group("x", name="second")
    for order in permutations([first, second]):
        engine = Engine([book(CAUSE, *order)], kinds, COMMUNITY)
        engine.register([Device("a", "gas_alarm", place="h1"), Device("b", "gas_alarm", place="h2")], T0)
        findings = finding_lines(engine.feed([reading_of("a", 0, alarm=True), reading_of("b", 0, alarm=True)], T0), T0)
        assert [line for line in findings if " x " not in line] == ["0 second began"]


def test_a_rule_that_counts_others_is_ranked_after_them() -> None:
    found = ranks([book(
        rule("often", kind="any", chatter={"times": 3, "within": "1m"}, release="1d"),
        rule("some", kind="any", chatter={"times": 3, "within": "1m", "rules": ["x"]}, release="1d"),
        rule("quiet", when="lel_pct >= 10", only_if="not finding.often"),
        CAUSE,
    )])  # fmt: skip
    assert found["quiet"] > found["often"] > found["x"] < found["some"]


def test_rules_that_refer_to_each_other_are_evaluated_without_an_endless_loop(kinds: Kinds) -> None:
    """`check` refuses them; an engine that gets them nevertheless must not loop."""
    first = rule("one", when="lel_pct >= 10 and not finding.two")
    second = rule("two", when="alarm and not finding.one")
    rulebook = Rulebook.model_validate(
        {"hazard": "gas", "rules": [first, second, rule("own", when="fault and not finding.own")]}
    )
    engine = Engine([rulebook], kinds, community())
    engine.feed([reading_of("g", 0, alarm=True, lel_pct=12, fault=True)], T0)
    assert len(engine.tick(T0 + HOUR)) < 10
