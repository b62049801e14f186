"""All faults at once: an invalid field hides no other fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.kind import Kind
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.rulebook.recovery import parse_partially
from rules.rulebook.references import check_references
from rules.trials.check import check_trials, parse_trials_partially

RULE: dict[str, Any] = {
    "name": "gas-low", "title": {"zh": "浓度高", "en": "Gas"}, "kind": "gas_alarm", "severity": "high",
    "when": "lel_pct >= 10", "source": "test",
}  # fmt: skip


def faults(kinds: dict[str, Kind], *rules: object) -> list[tuple[tuple[str | int, ...], str]]:
    part = parse_partially({"hazard": "gas", "rules": list(rules)})
    return [(fault.where[1:], fault.message) for fault in (*part.faults, *part.relocate(check(part.book, kinds)))]


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"severity": "hihg", "kind": "gas_alrm"}, (0, "kind"), "no kind gas_alrm: write gas_alarm"),
        ({"releese": "1m", "show": ["lel"]}, (0, "show", 0), "gas_alarm has no quantity 'lel'"),
        ({"when": "lel_pct => 3", "show": ["lel"]}, (0, "show", 0), "gas_alarm has no quantity 'lel'"),
        ({"title": "x", "clear": "lel_pct < 12"}, (0, "clear"), "contradicts when: at lel_pct 10"),
        ({"name": "Gas", "when": "lel_pct >= 300"}, (0, "when"), "300 is outside"),
        ({"hold": "soon", "kind": None}, (0,), "kind is missing"),
        ({"advice": {"zh": "一二三四五六七八九"}, "cancel": {"when": "alarm", "within": "1s"}}, (0,), "cancel belongs"),
    ],
)
def test_an_invalid_field_hides_no_other_fault(
    kinds: dict[str, Kind], changes: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    ((found, found_message),) = faults(
        kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None}
    )
    assert found == where
    assert message in found_message


@pytest.mark.parametrize(
    "changes",
    [
        {"when": "lel_pct => 3", "clear": "lel_pct < 12"},
        {"when": None, "event": "=", "cancel": {"when": "alarm", "within": "1s"}},
        {"severity": "hihg", "grades": [{"severity": "low", "when": "lel_pct > 30"}]},
        {"kind": "Gas Alarm", "when": "test"},
        {"cancel": {"when": "alarm", "within": "1s"}},
        {"name": "gas_low"},
    ],
)
def test_the_replacement_of_an_invalid_field_makes_no_fault(kinds: dict[str, Kind], changes: dict[str, Any]) -> None:
    assert faults(kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None}) == []


def test_faults_have_the_position_of_their_rule_after_unreadable_rules(kinds: dict[str, Kind]) -> None:
    unreadable = {**RULE, "when": None, "absent": "soon"}
    found = faults(kinds, "no rule", unreadable, {**RULE, "severity": 3}, {**RULE, "when": "lel > 3"})
    assert [where for where, _ in found] == [(2, "name"), (3, "name"), (3, "when")]


def test_an_unreadable_rule_keeps_its_name(kinds: dict[str, Kind]) -> None:
    referring = {**RULE, "name": "other", "only_if": "not finding.gas_low"}
    part = parse_partially({"hazard": "gas", "rules": [{**RULE, "gather": 3}, referring, {"when": "x"}]})
    assert check_references([part.book]) == []
    assert [rule.name for rule in part.book.rules] == ["gas-low", "other", "rule-2"]


@pytest.mark.parametrize("data", [None, [], {"rules": 3}, {"hazard": "gas"}])
def test_data_that_are_no_rulebook_have_no_rules(data: object) -> None:
    part = parse_partially(data)
    assert (part.book.rules, part.faults) == ([], ())


def test_a_valid_rulebook_is_unchanged(books: dict[str, Rulebook]) -> None:
    folder = Path(__file__).parents[3] / "rules" / "books"
    for name, book in books.items():
        part = parse_partially(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")))
        assert (part.book.rules, part.faults) == (book.rules, ())


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"when": None, "absent": {"quantity": "nope", "missed": -1}}, (0, "absent", "quantity"), "no quantity 'nope'"),
        ({"kind": ["Gas Alarm"], "when": "time.hour > 25"}, (0, "when"), "25 is outside"),
        ({"grades": [{"severity": "hi", "when": "lel > 3"}], "show": ["lel"]}, (0, "show", 0), "no quantity 'lel'"),
        ({"advice": "soon", "when": "lel > 3"}, (0, "when"), "no quantity 'lel'"),
    ],
)
def test_an_invalid_part_hides_no_fault_of_another_part(
    kinds: dict[str, Kind], changes: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    found_faults = faults(kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None})
    assert [(found, message in found_message) for found, found_message in found_faults] == [(where, True)]


def test_both_faults_of_a_rule_with_two_conditions_are_reported(kinds: dict[str, Kind]) -> None:
    twice = {**RULE, "absent": {"quantity": "nope", "missed": -1}}
    (condition_count, count_message), (unknown_quantity, message) = faults(kinds, twice)
    assert (condition_count, unknown_quantity) == ((0,), (0, "absent", "quantity"))
    assert "asks one question" in count_message
    assert "'nope'" in message


def test_a_group_with_an_invalid_minimum_still_names_unknown_rules(kinds: dict[str, Kind]) -> None:
    parts = [{"rules": ["gas-nothing"], "at_least": 0}]
    group = {**RULE, "of": "household", "gather": {"within": "10m", "parts": parts}}
    part = parse_partially({"hazard": "gas", "rules": [{k: v for k, v in group.items() if k not in ("kind", "when")}]})
    assert (part.faults, check(part.book, kinds)) == ((), [])
    ((_, fault),) = check_references([part.book])
    assert fault.message.startswith("no rule gas-nothing")


def test_a_rule_reports_all_conflicts_of_its_fields() -> None:
    event = {**RULE, "when": None, "event": "alarm", "clear": "not alarm", "of": "building"}
    with pytest.raises(ValueError, match=r"clear belongs to when.*needs release.*write of: device"):
        Rulebook.model_validate({"hazard": "gas", "rules": [{k: v for k, v in event.items() if v is not None}]})


def test_trials_report_unknown_names_beside_unreadable_fields(kinds: dict[str, Kind]) -> None:
    book = Rulebook.model_validate({"hazard": "gas", "rules": [RULE]})
    several = {"a": {"kind": "gas_alarm", "readings": {"co": 3}}, "b": {"kind": "gas_alrm"}}
    written = [
        {"rule": "gas-lo", "every": "0s"},
        {"rule": "gas-low", "readings": {"lel": "q"}},
        "no trial",
        {"rule": "Gas Low"},
        {"rule": "gas-low", "devices": several},
        {"rule": "gas-low", "readings": 3},
    ]
    faults = check_trials(parse_trials_partially({"trials": written}), book, kinds)
    places = [(0, "rule"), (1, "readings", "lel"), (4, "devices", "a", "readings", "co"), (4, "devices", "b", "kind")]
    assert [fault.where[1:] for fault in faults] == places
    assert parse_trials_partially({"trials": 3}).trials == parse_trials_partially([]).trials == []
