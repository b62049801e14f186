"""Valid syntax with a fault: units, ranges, conditions that never hold, rules that refer to each other."""

from __future__ import annotations

from typing import Any

import pytest

from domain.kind import Kind
from rules.language.parser import parse
from rules.language.satisfiability import is_unsatisfiable
from rules.language.units import unit_faults
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.rulebook.references import check_references

Kinds = dict[str, Kind]


def rule(name: str = "one", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": {"zh": "甲", "en": "one"},
        "kind": "gas_alarm",
        "severity": "high",
        "when": "alarm",
        "source": "our default (unverified)",
        **changes,
    }


def book(*rules: dict[str, Any]) -> Rulebook:
    return Rulebook.model_validate({"hazard": "gas", "rules": list(rules)})


def faults_of(kinds: Kinds, **changes: Any) -> list[tuple[str, str]]:
    return [(".".join(map(str, fault.where[2:])), fault.message) for fault in check(book(rule(**changes)), kinds)]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("gas_alarm", "lel_pct + co_ppm > 5"),
        ("gas_alarm", "lel_pct > co_ppm"),
        ("gas_alarm", "default(lel_pct, co_ppm) > 5"),
        ("gas_alarm", "abs(lel_pct) > -co_ppm"),
        ("gas_alarm", "2 * lel_pct > co_ppm / 3"),
        ("gas_alarm", "not (lel_pct > co_ppm) or alarm"),
        ("gas_alarm", "count(lel_pct, 1h) > lel_pct"),
        ("gas_alarm", "clock_offset_s > 2m"),
        ("gas_alarm", "days_left(battery_pct) < 30d"),
        ("water_meter", "increase(volume_m3, 12h) > flow_m3h"),
        ("water_meter", "flow_m3h > increase(volume_m3, 12h)"),
        ("water_meter", "rate(volume_m3, 12h) > volume_m3"),
        ("wristband", "distance_m(lat, lon, person.lat, person.lon) > lat"),
    ],
)
def test_different_units_are_not_added_or_compared(kinds: Kinds, kind: str, written: str) -> None:
    (fault,) = unit_faults(parse(written), kinds[kind].quantities)
    assert "do not go together" in fault


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("gas_alarm", "lel_pct - min(lel_pct, 1h) > 10"),
        ("gas_alarm", "max(lel_pct, 1h) > 2 * mean(lel_pct, 1d) + 1"),
        ("gas_alarm", "lel_pct / co_ppm > lel_pct"),
        ("gas_alarm", "lel_pct * device.factor > co_ppm * person.factor"),
        ("gas_alarm", "device.limit > lel_pct and seen(lel_pct, 1h) > 30m"),
        ("gas_alarm", "alarm == true and max(alarm, 1h) == 1"),
        ("water_meter", "rate(volume_m3, 12h) > flow_m3h"),
        ("water_meter", "idle(volume_m3, 24h) / 1h > 3"),
        ("water_meter", "increase(volume_m3, 1h) > 3 * usual(volume_m3) + 0.02"),
    ],
)
def test_matching_and_undeclared_units_are_accepted(kinds: Kinds, kind: str, written: str) -> None:
    assert list(unit_faults(parse(written), kinds[kind].quantities)) == []


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"when": "lel_pct / 0 > 1"}, "when", "divides by 0"),
        ({"when": "quantile(lel_pct, 0.9, 1h) > 200"}, "when", "goes from 0 to 120 %LEL: 200 is outside"),
        ({"when": "mean(lel_pct, 1000000d) > 5"}, "when", "at most 400d"),
        ({"when": "lel_pct > 20 and lel_pct < 10"}, "when", "can never be true"),
        ({"when": "alarm", "clear": "alarm and not alarm"}, "clear", "can never be true"),
        ({"only_if": "time.hour >= 23 and time.hour < 5"}, "only_if", "can never be true"),
        ({"when": "alarm and time.hour > 25"}, "when", "time.hour goes from 0 to 23: 25 is outside"),
        ({"only_if": "time.weekday == 0"}, "only_if", "time.weekday goes from 1 to 7"),
        (
            {"when": "lel_pct > 50", "grades": [{"severity": "critical", "when": "lel_pct > 20"}]},
            "severity",
            "high is never told",
        ),
        (
            {"when": "lel_pct > 20", "grades": [{"severity": "low", "when": "lel_pct > 50"}]},
            "grades.0.severity",
            "below high it never counts",
        ),
    ],
)
def test_an_impossible_condition_is_a_fault(kinds: Kinds, changes: dict[str, Any], field: str, part: str) -> None:
    ((where, message),) = faults_of(kinds, **changes)
    assert where == field
    assert part in message


@pytest.mark.parametrize(
    "changes",
    [
        {"when": "increase(volume_m3, 1h) > 2000000", "kind": "water_meter"},
        {"when": "lel_pct > 20", "grades": [{"severity": "critical", "when": "lel_pct > 50"}]},
        {"only_if": "time.hour >= 23 or time.hour < 5", "when": "alarm and time.workday == true"},
        {"only_if": "time.hour >= default(device.from_hour, 8) and device.use == 'x'"},
    ],
)
def test_a_possible_condition_is_accepted(kinds: Kinds, changes: dict[str, Any]) -> None:
    assert faults_of(kinds, **changes) == []


def test_a_comparison_with_a_missing_attribute_is_not_called_unsatisfiable(kinds: Kinds) -> None:
    gas = kinds["gas_alarm"]
    assert not is_unsatisfiable(parse("lel_pct - min(lel_pct, 1h) > 90"), gas)
    assert not is_unsatisfiable(parse("lel_pct < 5 and lel_pct >= default(device.limit_pct, 10)"), gas)
    conditions = " and ".join(f"{name} != 7" for name in ("lel_pct", "co_ppm", "temp_c", "battery_pct", "battery_v"))
    assert not is_unsatisfiable(parse(f"{conditions} and lel_pct > 3 and lel_pct < 2"), gas)
    assert is_unsatisfiable(parse("lel_pct > 3 and lel_pct < 2"), gas)


def test_rules_that_refer_to_each_other_are_named_with_their_cycle() -> None:
    first = rule("a-one", when="finding.b_two or finding.d_four")
    cycle = book(
        first, rule("b-two", when="finding.c_three"), rule("c-three", when="alarm and finding.a_one"), rule("d-four")
    )
    faults = [(fault.where, fault.message) for _, fault in check_references([cycle])]
    assert [where for where, _ in faults] == [("rules", 0), ("rules", 1), ("rules", 2)]
    assert faults[0][1].startswith("a-one needs b-two needs c-three needs a-one: ")
    assert len(check_references([book(rule("c-three", when="finding.a_one"))], [book(rule("a-one"))])) == 0
    assert len(check_references([book(rule("b-own", when="finding.b_own"))])) == 1


@pytest.mark.parametrize("field", ["shadow", "latch"])
def test_a_boolean_field_takes_true_or_false_only(field: str) -> None:
    changes: dict[str, Any] = {field: 1}
    with pytest.raises(ValueError, match="write true or false"):
        book(rule(**changes))
