"""Every fault at once: what is wrong with a field by itself does not hide what is wrong with the rest."""

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
def test_a_field_that_is_wrong_by_itself_hides_no_other_fault(
    kinds: dict[str, Kind], changes: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    ((found, said),) = faults(kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None})
    assert found == where
    assert message in said


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
def test_what_stands_in_for_a_faulty_field_makes_no_fault_of_its_own(
    kinds: dict[str, Kind], changes: dict[str, Any]
) -> None:
    assert faults(kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None}) == []


def test_faults_stand_at_the_rule_of_the_file_whatever_cannot_be_read_before_it(kinds: dict[str, Kind]) -> None:
    beyond_help = {**RULE, "when": None, "absent": "soon"}
    found = faults(kinds, "no rule", beyond_help, {**RULE, "severity": 3}, {**RULE, "when": "lel > 3"})
    assert [where for where, _ in found] == [(2, "name"), (3, "name"), (3, "when")]


def test_a_rule_beyond_help_still_has_its_name(kinds: dict[str, Kind]) -> None:
    speaking = {**RULE, "name": "other", "only_if": "not finding.gas_low"}
    part = parse_partially({"hazard": "gas", "rules": [{**RULE, "gather": 3}, speaking, {"when": "x"}]})
    assert check_references([part.book]) == []
    assert [rule.name for rule in part.book.rules] == ["gas-low", "other", "rule-2"]


@pytest.mark.parametrize("data", [None, [], {"rules": 3}, {"hazard": "gas"}])
def test_of_what_is_no_book_nothing_is_left(data: object) -> None:
    part = parse_partially(data)
    assert (part.book.rules, part.faults) == ([], ())


def test_a_right_book_is_left_as_it_is(books: dict[str, Rulebook]) -> None:
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
def test_a_part_that_is_wrong_hides_no_other_part(
    kinds: dict[str, Kind], changes: dict[str, Any], where: tuple[str | int, ...], message: str
) -> None:
    findings = faults(kinds, {name: value for name, value in {**RULE, **changes}.items() if value is not None})
    assert [(found, message in said) for found, said in findings] == [(where, True)]


def test_of_a_rule_that_asks_twice_both_faults_are_told_at_once(kinds: dict[str, Kind]) -> None:
    twice = {**RULE, "absent": {"quantity": "nope", "missed": -1}}
    (asks, at), (unknown, said) = faults(kinds, twice)
    assert (asks, unknown) == ((0,), (0, "absent", "quantity"))
    assert "asks one question" in at
    assert "'nope'" in said


def test_a_gathering_with_a_wrong_number_still_names_the_rules_it_lacks(kinds: dict[str, Kind]) -> None:
    parts = [{"rules": ["gas-nothing"], "at_least": 0}]
    gathering = {**RULE, "of": "household", "gather": {"within": "10m", "parts": parts}}
    part = parse_partially(
        {"hazard": "gas", "rules": [{k: v for k, v in gathering.items() if k not in ("kind", "when")}]}
    )
    assert (part.faults, check(part.book, kinds)) == ((), [])
    ((_, fault),) = check_references([part.book])
    assert fault.message.startswith("no rule gas-nothing")


def test_a_rule_tells_all_that_does_not_go_together() -> None:
    event = {**RULE, "when": None, "event": "alarm", "clear": "not alarm", "of": "building"}
    with pytest.raises(ValueError, match=r"clear belongs to when.*needs release.*write of: device"):
        Rulebook.model_validate({"hazard": "gas", "rules": [{k: v for k, v in event.items() if v is not None}]})


def test_trials_tell_unknown_names_beside_what_cannot_be_read(kinds: dict[str, Kind]) -> None:
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
    findings = check_trials(parse_trials_partially({"trials": written}), book, kinds)
    places = [(0, "rule"), (1, "readings", "lel"), (4, "devices", "a", "readings", "co"), (4, "devices", "b", "kind")]
    assert [fault.where[1:] for fault in findings] == places
    assert parse_trials_partially({"trials": 3}).trials == parse_trials_partially([]).trials == []
