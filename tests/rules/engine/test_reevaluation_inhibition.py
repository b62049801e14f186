"""Rules that ask for other findings (A10, A12): what is held back begins when its cause ends; the cause comes first."""

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

R = rule("r", when="lel_pct >= 10", only_if="not finding.x")
X = rule("x", when="alarm")
T0 = shanghai_time("2026-01-01T12:00")
TOWN = community(
    places=[
        Place("b1", "1栋", "building", cell="g1"),
        *(Place(name, name, "household", parent="b1") for name in ("h1", "h2")),
    ],
    cells=[Cell("g1", "一格", "cell")],
)


def gas(device: str, at: int, **values: Any) -> Reading:
    return Reading(device, "gas_alarm", T0 + at, T0 + at, values)


# -- A10: it begins when its cause ends ---------------------------------------------------------------------------


def test_gas_that_was_held_back_begins_when_its_cause_ends_and_the_device_says_nothing_more(kinds: Kinds) -> None:
    findings = run_trial(kinds, [R, X], readings={"alarm": "true _x5 false", "lel_pct": "12"})
    assert findings == ("60s begin high",)


def test_it_begins_when_the_release_of_its_cause_is_over(kinds: Kinds) -> None:
    findings = run_trial(kinds, [R, {**X, "release": "1m"}], readings={"alarm": "true _x5 false", "lel_pct": "12"})
    assert findings == ("120s begin high",)


def test_its_hold_begins_when_its_cause_ends(kinds: Kinds) -> None:
    held = {**R, "hold": "30s"}
    assert run_trial(kinds, [held, X], readings={"alarm": "true _x5 false", "lel_pct": "12"}) == ("90s begin high",)


def test_what_is_gone_when_its_cause_ends_does_not_begin(kinds: Kinds) -> None:
    assert run_trial(kinds, [R, X], readings={"alarm": "true _x4 _ false", "lel_pct": "12 _x3 1"}) == ()


def test_what_goes_with_its_cause_in_one_reading_does_not_begin(kinds: Kinds) -> None:
    assert run_trial(kinds, [R, X], readings={"alarm": "true false", "lel_pct": "12 1"}) == ()
    assert run_trial(kinds, [X, R], readings={"alarm": "true false", "lel_pct": "12 1"})[0] == "0s begin high"


def test_a_condition_that_asks_for_a_finding_follows_it(kinds: Kinds) -> None:
    valve = rule("r", when="not valve_closed and finding.x")
    findings = run_trial(kinds, [valve, X], readings={"valve_closed": "false", "alarm": "_x3 true _x3 false"})
    assert findings == ("30s begin high", "70s end")


def test_a_cause_that_ends_because_a_person_resets_it_counts(kinds: Kinds) -> None:
    engine = engine_of(kinds, R, {**X, "latch": True})
    engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
    engine.feed([gas("g", 1000, alarm=False)], T0 + 1000)
    findings = [*engine.release("g", "x", T0 + 2000), *engine.tick(T0 + 3000)]
    assert finding_lines(findings, T0) == ["2 x ended", "2 r began"]


def test_a_cause_whose_rule_is_removed_holds_nothing_back(kinds: Kinds) -> None:
    engine = engine_of(kinds, R, X)
    engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
    # A rule that asks for a finding which no rule makes never passes `check`: here it is the rule alone that is tested.
    findings = [*engine.reload([book(R)], T0 + 1000), *engine.tick(T0 + 2000)]
    assert finding_lines(findings, T0) == ["1 x ended", "1 r began"]


def test_a_cause_that_goes_into_shadow_holds_nothing_back_and_one_that_comes_out_does(kinds: Kinds) -> None:
    engine = engine_of(kinds, R, X)
    engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
    findings = [*engine.reload([book(R, {**X, "shadow": True})], T0 + 1000), *engine.tick(T0 + 2000)]
    assert finding_lines(findings, T0) == ["1 x ended", "1 r began"]
    held = {**R, "hold": "1h"}
    other = engine_of(kinds, held, {**X, "shadow": True})
    other.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
    findings = [*other.reload([book(held, X)], T0 + 1000), *other.tick(T0 + 2 * HOUR)]
    assert "r" not in [finding.rule for finding in findings]


def test_a_silence_that_was_held_back_is_told_when_its_cause_ends(kinds: Kinds) -> None:
    silent = rule("r", absent={"quantity": "lel_pct", "after": "1m"}, only_if="not finding.x")
    findings = run_trial(kinds, [silent, X], readings={"lel_pct": "1", "alarm": "true _x20 false"}, until="3h")
    assert findings == ("210s begin high",)


def test_what_is_missing_no_more_is_not_told_when_its_cause_ends(kinds: Kinds) -> None:
    silent = rule("r", absent={"quantity": "lel_pct", "after": "1m"}, only_if="not finding.x")
    readings = {"lel_pct": "1 _x18 1", "alarm": "true _x20 false"}
    assert run_trial(kinds, [silent, X], readings=readings, until="30s") == ()


def building(**strips: dict[str, str]) -> dict[str, Any]:
    return {name: {"kind": "gas_alarm", "household": name, "readings": written} for name, written in strips.items()}


def test_what_a_finding_of_the_building_holds_back_begins_when_that_ends(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    devices = building(a={"alarm": "true _x8 false"}, b={"alarm": "_ true _x9 false", "lel_pct": "_ 12"})
    assert run_trial(kinds, [held, X, building_group("x")], devices=devices) == ("110s begin high",)


def test_a_building_that_is_held_back_begins_when_its_cause_ends(kinds: Kinds) -> None:
    many = building_group("x", only_if="not finding.other")
    other = building_group("y", name="other")
    devices = building(
        a={"alarm": "_ true", "fault": "true _x8 false"}, b={"alarm": "_ true", "fault": "true _x8 false"}
    )
    findings = run_trial(kinds, [many, X, rule("y", when="fault"), other], devices=devices)
    assert findings == ("90s begin high",)


def test_who_moves_into_the_building_listens_to_its_findings(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    engine = Engine([book(held, X, building_group("x", at_least=1, gather={
        "parts": [{"rules": ["x"], "at_least": 2}], "within": "10m"}))], kinds, TOWN)  # fmt: skip
    homes = {"a": "h1", "b": "h1", "c": "h2"}
    engine.register([Device(name, "gas_alarm", place=place) for name, place in homes.items()], T0)
    engine.feed([gas("a", 0, alarm=True), gas("b", 0, alarm=True)], T0)
    engine.feed([gas("c", 1000, lel_pct=12)], T0 + 1000)
    assert engine.states["c"].pending is not None
    engine.register([Device("c", "gas_alarm", place="h1")], T0 + 2000)
    findings = engine.feed([gas("a", 3000, alarm=False), gas("b", 3000, alarm=False)], T0 + 3000)
    findings += engine.tick(T0 + 4000)
    assert finding_lines(findings, T0)[-2:] == ["3 many ended", "3 r began"]
    engine.unregister(["c"], T0 + 5000)
    engine.feed([gas("a", 6000, alarm=True), gas("b", 6000, alarm=True)], T0 + 6000)
    assert "many" in engine.groups.states["building/b1"].rule_states


def test_a_finding_of_a_building_in_shadow_holds_nothing_back(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    devices = building(a={"alarm": "true"}, b={"alarm": "true", "lel_pct": "_ 12"})
    assert run_trial(kinds, [held, X, building_group("x", shadow=True)], devices=devices) == ("10s begin high",)


def test_what_was_held_back_later_is_still_judged_before_what_asks_for_it(kinds: Kinds) -> None:
    """`held` waits for ten o'clock from 21:00, its cause only from 21:10: at ten the cause is judged first."""
    night = "time.hour >= 22"
    held = rule("held", when="lel_pct >= 10", only_if=f"{night} and not finding.cause")
    cause = rule("cause", when="alarm", only_if=night)
    findings = run_trial(
        kinds, [held, cause], every="10m", start="2026-01-01T21:00+08:00",
        readings={"lel_pct": "12 12", "alarm": "false true"}, until="1h",
    )  # fmt: skip
    assert findings == ()


# -- A12: the inhibitor is judged first ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations([R, X])))
def test_whatever_the_order_in_the_file_the_inhibitor_is_judged_first(kinds: Kinds, order: Any) -> None:
    engine = engine_of(kinds, *order)
    findings = engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
    assert finding_lines(findings, T0) == ["0 x began"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_whatever_the_order_of_the_files_the_inhibitor_is_judged_first(kinds: Kinds, order: tuple[int, int]) -> None:
    books = [book(R), book(X)]
    engine = Engine([books[index] for index in order], kinds, community())
    assert finding_lines(engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0), T0) == ["0 x began"]


def test_a_chain_of_three_is_judged_from_its_cause(kinds: Kinds) -> None:
    """c inhibits b, b inhibits a: with c standing b does not begin, so that a does."""
    rules = [
        rule("a", when="lel_pct >= 10", only_if="not finding.b"),
        rule("b", when="co_ppm >= 50", only_if="not finding.c"),
        rule("c", when="alarm"),
    ]
    for order in permutations(rules):
        engine = engine_of(kinds, *order)
        findings = finding_lines(engine.feed([gas("g", 0, alarm=True, lel_pct=12, co_ppm=60)], T0), T0)
        assert sorted(findings) == ["0 a began", "0 c began"]
        findings = finding_lines([*engine.feed([gas("g", 1000, alarm=False)], T0 + 1000), *engine.tick(T0 + 2000)], T0)
        assert findings == ["1 c ended", "1 b began"]  # only_if ends nothing: a goes on


def test_two_holds_that_end_in_one_instant_end_in_order(kinds: Kinds) -> None:
    for order in permutations([{**R, "hold": "30s"}, {**X, "hold": "30s"}]):
        engine = engine_of(kinds, *order)
        engine.feed([gas("g", 0, alarm=True, lel_pct=12)], T0)
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


def test_a_finding_of_the_building_that_arises_from_the_same_reading_inhibits(kinds: Kinds) -> None:
    held = rule("r", when="lel_pct >= 10", only_if="not finding.many")
    many = building_group("x")
    for order in permutations([held, X, many]):
        engine = Engine([book(*order)], kinds, TOWN)
        engine.register([Device("a", "gas_alarm", place="h1"), Device("b", "gas_alarm", place="h2")], T0)
        engine.feed([gas("a", 0, alarm=True)], T0)
        findings = finding_lines(engine.feed([gas("b", 1000, alarm=True, lel_pct=12)], T0 + 1000), T0)
        assert findings == ["1 x began", "1 many began"]


def test_of_two_buildings_rules_that_one_finding_completes_the_inhibitor_comes_first(kinds: Kinds) -> None:
    first, second = building_group("x", name="first", only_if="not finding.second"), building_group("x", name="second")
    for order in permutations([first, second]):
        engine = Engine([book(X, *order)], kinds, TOWN)
        engine.register([Device("a", "gas_alarm", place="h1"), Device("b", "gas_alarm", place="h2")], T0)
        findings = finding_lines(engine.feed([gas("a", 0, alarm=True), gas("b", 0, alarm=True)], T0), T0)
        assert [line for line in findings if " x " not in line] == ["0 second began"]


def test_a_rule_that_counts_others_comes_after_them() -> None:
    found = ranks([book(
        rule("often", kind="any", chatter={"times": 3, "within": "1m"}, release="1d"),
        rule("some", kind="any", chatter={"times": 3, "within": "1m", "rules": ["x"]}, release="1d"),
        rule("quiet", when="lel_pct >= 10", only_if="not finding.often"),
        X,
    )])  # fmt: skip
    assert found["quiet"] > found["often"] > found["x"] < found["some"]


def test_rules_that_wait_for_each_other_have_some_order_and_no_end(kinds: Kinds) -> None:
    """`check` refuses them; an engine that is given them all the same must not turn in circles."""
    one = rule("one", when="lel_pct >= 10 and not finding.two")
    two = rule("two", when="alarm and not finding.one")
    own = Rulebook.model_validate({"hazard": "gas", "rules": [one, two, rule("own", when="fault and not finding.own")]})
    engine = Engine([own], kinds, community())
    engine.feed([gas("g", 0, alarm=True, lel_pct=12, fault=True)], T0)
    assert len(engine.tick(T0 + HOUR)) < 10
