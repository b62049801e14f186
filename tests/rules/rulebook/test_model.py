"""What a safety officer may write, and the fault of every mistake."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from domain import HOUR, Fault, Reading
from domain.kind import Kind
from domain.people import community
from rules.compiled.ruleset import compile_rulebooks
from rules.engine.engine import Engine
from rules.language.parser import parse
from rules.language.satisfiability import find_solution
from rules.rulebook.check import check
from rules.rulebook.model import Rule, Rulebook
from rules.rulebook.references import check_together
from rules.trials.check import check_trials
from rules.trials.model import TrialBook

Kinds = dict[str, Kind]
GAS: dict[str, Any] = {
    "name": "gas-low",
    "title": {"zh": "燃气浓度偏高", "en": "Gas"},
    "kind": "gas_alarm",
    "severity": "high",
    "when": "lel_pct >= 10",
    "source": "our default (unverified)",
}


def rule(**changes: Any) -> dict[str, Any]:
    written = {**copy.deepcopy(GAS), **changes}
    return {name: value for name, value in written.items() if value is not None}


def faults(kinds: Kinds, *rules: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    book = Rulebook.model_validate({"hazard": "gas", "rules": list(rules)})
    return [(fault.where, fault.message) for fault in check(book, kinds)]


def test_the_rulebooks_of_the_repository_have_no_fault(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: Kinds
) -> None:
    assert [fault for book in books.values() for fault in check(book, kinds)] == []
    assert [fault for name in books for fault in check_trials(trials[name], books[name], kinds)] == []


def test_rule_names_are_unique_across_all_rulebooks(books: dict[str, Rulebook]) -> None:
    names = [rule.name for book in books.values() for rule in book.rules]
    assert len(names) == len(set(names))


def test_every_danger_bit_of_every_kind_has_a_rule_that_reports_it_at_once(
    books: dict[str, Rulebook], kinds: Kinds
) -> None:
    engine = Engine(list(books.values()), kinds, community())
    dangers = {
        (kind.kind, name) for kind in kinds.values() for name, quantity in kind.quantities.items() if quantity.danger
    }
    unreported = {
        (kind, name)
        for kind, name in dangers
        if not engine.feed([Reading(f"{kind} {name}", kind, HOUR, HOUR, {name: True})], HOUR)
    }
    assert unreported == set()


def test_titles_are_short_and_dangers_to_the_worker_have_advice(books: dict[str, Rulebook]) -> None:
    rules = [rule for book in books.values() for rule in book.rules]
    assert all(len(rule.title.zh) <= 8 for rule in rules)
    dangerous = [rule for rule in rules if rule.name.startswith(("gas-", "manhole-")) and rule.ledger == "danger"]
    assert all(rule.advice is not None for rule in dangerous if rule.name != "manhole-water-high")


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"kind": "gasalarm"}, ("kind",), "no kind gasalarm: write gas_alarm"),
        ({"kind": ["zzz"]}, ("kind",), "no kind zzz: write one of"),
        ({"when": "zzz >= 10"}, ("when",), "gas_alarm has no quantity 'zzz': write one of"),
        ({"when": "lel_pc >= 10"}, ("when",), "gas_alarm has no quantity 'lel_pc': write lel_pct"),
        ({"when": "lel_pct"}, ("when",), "is a value, not a condition: compare it with something, for example >= 10"),
        (
            {"when": "lel_pct >= 250"},
            ("when",),
            " %LEL: 250 is outside, write a limit inside",
        ),
        ({"when": "alarm > 1"}, ("when",), "'>' needs a number, not alarm"),
        ({"when": "not lel_pct"}, ("when",), "'not' needs a yes or no, not lel_pct"),
        ({"when": "lel_pct and alarm"}, ("when",), "'and' needs a yes or no, not lel_pct"),
        ({"when": "abs(alarm) > 1"}, ("when",), "'abs' needs a number, not alarm"),
        ({"when": "alarm == 1"}, ("when",), "alarm and 1 can never be equal: compare like with like"),
        ({"when": "alarm == 'ja'"}, ("when",), "alarm and 'ja' can never be equal"),
        ({"when": "(lel_pct > 1) + 1 > 2"}, ("when",), "'+' needs a number, not a condition"),
        ({"when": "-lel_pct > true"}, ("when",), "'>' needs a number, not true"),
        ({"when": "-(-alarm) > 1"}, ("when",), "'-' needs a number, not alarm"),
        ({"when": "not (lel_pct + 1)"}, ("when",), "'not' needs a yes or no, not a value"),
        (
            {"when": "increase(lel_pct, 1h) > 1"},
            ("when",),
            "increase looks at a counter, and lel_pct is none: gas_alarm has none",
        ),
        (
            {"clear": "lel_pct < 12"},
            ("clear",),
            "contradicts when: at lel_pct 10 it would be dangerous and clear at once",
        ),
        ({"clear": "lell_pct < 12"}, ("clear",), "gas_alarm has no quantity 'lell_pct': write lel_pct"),
        (
            {
                "kind": "wristband",
                "when": "distance_m(lat, lon, person.fence_lat, person.fence_lon) > person.fence_m",
                "clear": "distance_m(lat, lon, person.fence_lat, person.fence_lon) > 0",
            },
            ("clear",),
            "contradicts when: at distance_m.person.fence_lat",
        ),
        ({"show": ["co_ppm", "co"]}, ("show", 1), "gas_alarm has no quantity 'co': write"),
        ({"only_if": "lel_pct > 3"}, ("only_if",), "speaks of device., person. or place. attributes"),
        ({"latch": True, "clear": "lel_pct < 3"}, ("latch",), "a latched rule ends only by reset"),
        (
            {"grades": [{"severity": "high", "when": "lel_pct > 20"}]},
            ("grades", 0, "severity"),
            "high is already given: one grade a severity",
        ),
        (
            {"grades": [{"severity": "critical", "when": "lel > 20"}]},
            ("grades", 0, "when"),
            "gas_alarm has no quantity 'lel'",
        ),
        ({"when": None, "event": "lel_pct", "release": "1m"}, ("event",), "is a value, not a condition"),
        (
            {"when": None, "event": "alarm", "release": "1m", "cancel": {"when": "alrm", "within": "9s"}},
            ("cancel", "when"),
            "gas_alarm has no quantity 'alrm': write alarm",
        ),
        (
            {"when": None, "absent": {"quantity": "lel"}},
            ("absent", "quantity"),
            "gas_alarm has no quantity 'lel'",
        ),
        ({"kind": "any", "when": "nothing > 3"}, ("when",), "has no quantity 'nothing'"),
    ],
)
def test_a_fault_has_its_position_and_a_suggestion(
    kinds: Kinds, changes: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    found = faults(kinds, rule(**changes))
    assert len(found) == 1, found
    assert found[0][0] == ("rules", 0, *where)
    assert message in found[0][1]


def test_all_faults_are_reported_and_the_same_fault_of_several_kinds_once(kinds: Kinds) -> None:
    tamper = rule(name="b", kind=["door", "bin"], when="battery_pct <= 400", only_if="battery_pct > 3")
    found = faults(kinds, rule(when="lel >= 10", show=["co"]), rule(), rule(), tamper)
    assert [where for where, _ in found] == [
        ("rules", 0, "when"),
        ("rules", 0, "show", 0),
        ("rules", 1, "name"),
        ("rules", 2, "name"),
        ("rules", 3, "only_if"),
        ("rules", 3, "when"),
    ]


def test_a_rule_for_any_kind_needs_one_matching_kind(kinds: Kinds) -> None:
    assert faults(kinds, rule(kind="any", when="battery_pct < 20")) == []
    assert faults(kinds, rule(kind="any", when="lel_pct > 20")) == []


def test_valid_conditions_of_every_sort_pass(kinds: Kinds) -> None:
    valid_rules = [
        rule(name="a", when="increase(volume_m3, 12h) < 0.01 and person.age >= 60", kind="water_meter"),
        rule(name="b", when="flow_m3h >= 0.2 * device.q3", kind="water_meter", clear="flow_m3h < 0.1 * device.q3"),
        rule(name="c", when="not alarm == false and device.kitchen", clear="not alarm"),
        rule(name="d", when="person.mood == 'bad' and alarm", clear="person.mood != 'bad'"),
        rule(name="e", when=None, absent={"quantity": "lel_pct", "after": "3h"}),
        rule(name="f", when="increase(volume_m3, 1h) > 3", clear="increase(volume_m3, 1h) < 1", kind="water_meter"),
    ]
    assert faults(kinds, *valid_rules) == []


def test_contradicting_conditions_are_shown_with_an_example(kinds: Kinds) -> None:
    meter, gas = kinds["water_meter"], kinds["gas_alarm"]
    assert find_solution(parse("lel_pct >= 10"), parse("alarm"), gas) == "lel_pct 10, alarm True"
    assert find_solution(parse("lel_pct == 10"), parse("not (lel_pct < 10)"), gas) == "lel_pct 10"
    assert find_solution(parse("flow_m3h > device.q3"), parse("flow_m3h < 3"), meter) == "flow_m3h 0.5, device.q3 False"
    assert find_solution(parse("increase(volume_m3, 1h) > 2"), parse("leak"), meter) == "volume_m3 3.0, leak True"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"event": "alarm"},
            "write one of when, event, absent, gather, chatter, expires (found ['when', 'event'])",
        ),
        ({"when": None}, "a rule asks one question: write one of when, event, absent, gather, chatter, expires"),
        ({"when": True}, "not a condition: True (write it in quotes, for example 'lel_pct >= 25')"),
        ({"when": "lel_pct => 3"}, "column 9: '=' means nothing here: write == to compare"),
        ({"when": None, "event": "alarm", "clear": "not alarm"}, "clear belongs to when"),
        ({"cancel": {"when": "not alarm", "within": "9s"}}, "cancel belongs to event: remove it"),
        ({"when": None, "event": "alarm"}, "what happens needs release"),
        ({"hold": "30 seconds"}, "not a duration: '30 seconds'"),
        ({"advice": {"zh": "一二三四五六七八九"}}, "at most 8 characters"),
        ({"releese": "3s"}, "Extra inputs are not permitted"),
        ({"name": "Gas_Low"}, "String should match pattern"),
    ],
)
def test_an_invalid_field_is_refused_by_the_model(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Rulebook.model_validate({"hazard": "gas", "rules": [rule(**changes)]})
    assert message in str(caught.value)


def test_a_rule_may_leave_out_what_has_a_default() -> None:
    assert Rule.model_validate(rule(clear=None, only_if=None)).applies_to_kind("gas_alarm")
    latched = Rule.model_validate(rule(when=None, event="alarm", latch=True))
    assert latched.condition_tree == parse("alarm")
    assert not latched.applies_to_kind("door")
    null = Rule.model_validate({**GAS, "clear": None})
    assert null.clear is None


def test_faults_of_trials_are_found_too(kinds: Kinds) -> None:
    book = Rulebook.model_validate({"hazard": "gas", "rules": [rule(), rule(name="off", kind="any", when="test")]})
    written = [
        {"name": "a", "rule": "gas-lo", "every": "1s", "expect": []},
        {"name": "b", "rule": "gas-low", "every": "1s", "readings": {"lel": "1"}, "expect": []},
        {"name": "c", "rule": "gas-low", "kind": "gas_alam", "every": "1s", "expect": []},
        {"name": "d", "rule": "off", "every": "1s", "readings": {"test": "true"}, "expect": []},
    ]
    found = check_trials(TrialBook.model_validate({"trials": written}), book, kinds)
    assert found == [
        Fault(("trials", 0, "rule"), "no rule gas-lo in this book: write gas-low"),
        Fault(("trials", 1, "readings", "lel"), found[1].message),
        Fault(("trials", 2, "kind"), "no kind gas_alam: write gas_alarm"),
    ]


def test_one_name_in_two_rulebooks_is_a_fault_and_refused_by_the_engine(kinds: Kinds) -> None:
    gas = Rulebook.model_validate({"hazard": "gas", "rules": [rule()]})
    site_book = Rulebook.model_validate({"hazard": "site", "rules": [rule(name="other"), rule()]})
    message = "gas-low is already a rule of the book of gas: choose another name"
    assert check_together([gas, site_book]) == [(1, Fault(("rules", 1, "name"), message))]
    with pytest.raises(ValueError, match="two rules bear one name: gas-low"):
        compile_rulebooks([gas, site_book], kinds)


def test_windows_and_defaults_are_checked(kinds: Kinds) -> None:
    def messages_for(when: str) -> list[str]:
        return [message for _, message in faults(kinds, rule(when=when))]

    assert messages_for("mean(lel_pct, 10m) >= default(device.limit_pct, 10)") == []
    assert messages_for("max(alarm, 1h) == 1 and seen(alarm, 1h) >= 1h") == []
    assert messages_for("rate(lel_pct, 1h) > 1") == ["rate looks at a counter, and lel_pct is none: gas_alarm has none"]
    (outside,) = messages_for("lel_pct >= default(device.limit_pct, 200)")
    assert outside.endswith(": 200 is outside, write a limit inside")
    assert messages_for("lel_pct >= default('low', 10)") == ["default needs two of a kind, not 'low' and 10"]


def test_a_window_over_text_is_refused(kinds: Kinds) -> None:
    gas = kinds["gas_alarm"]
    state = gas.quantities["alarm"].model_copy(update={"type": "text", "danger": False})
    kinds_with_text = {"gas_alarm": gas.model_copy(update={"quantities": {**gas.quantities, "state": state}})}
    assert [message for _, message in faults(kinds_with_text, rule(when="max(state, 1h) > 1"))] == [
        "max reckons with numbers or yes and no, and state is text"
    ]


def test_a_distance_needs_degrees(kinds: Kinds) -> None:
    band = kinds["wristband"]
    metres = {name: band.quantities[name].model_copy(update={"unit": "m"}) for name in ("lat", "lon")}
    flat = {"wristband": band.model_copy(update={"quantities": {**band.quantities, **metres}})}
    far = rule(kind="wristband", when="distance_m(lat, lon, place.lat, place.lon) > 3")
    assert faults(kinds, far) == []
    assert [message for _, message in faults(flat, far)] == [
        "distance_m reckons with degrees, and lat is none",
        "distance_m reckons with degrees, and lon is none",
    ]


def test_a_limit_from_an_attribute_is_no_contradiction(kinds: Kinds) -> None:
    limited = rule(when="lel_pct >= default(device.high, 10)", clear="not (lel_pct >= default(device.low, 6))")
    assert faults(kinds, limited) == []
    assert faults(kinds, rule(when=limited["when"], clear="lel_pct < default(device.low, 20)")) != []


def test_every_device_of_a_trial_is_checked(kinds: Kinds) -> None:
    book = Rulebook.model_validate({"hazard": "gas", "rules": [rule()]})
    two = {"a": {"kind": "gas_alarm", "readings": {"lel_pc": "1"}}, "b": {"kind": "doors", "readings": {}}}
    trials = {"trials": [{"name": "x", "rule": "gas-low", "every": "1s", "devices": two, "expect": []}]}
    assert [(fault.where, fault.message) for fault in check_trials(TrialBook.model_validate(trials), book, kinds)] == [
        (("trials", 0, "devices", "a", "readings", "lel_pc"), "gas_alarm has no quantity 'lel_pc': write lel_pct"),
        (("trials", 0, "devices", "b", "kind"), "no kind doors: write door"),
    ]
