"""Every fault at once: what is wrong with a field by itself does not hide what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.kind import Kind
from rules.check import check, check_references
from rules.rulebook import Rulebook
from rules.salvage import salvage

RULE: dict[str, Any] = {
    "name": "gas-low", "title": {"zh": "浓度高", "en": "Gas"}, "kind": "gas_alarm", "severity": "high",
    "when": "lel_pct >= 10", "source": "test",
}  # fmt: skip


def faults(kinds: dict[str, Kind], *rules: object) -> list[tuple[tuple[str | int, ...], str]]:
    part = salvage({"hazard": "gas", "rules": list(rules)})
    return [(fault.where[1:], fault.message) for fault in (*part.faults, *part.in_file(check(part.book, kinds)))]


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
    part = salvage({"hazard": "gas", "rules": [{**RULE, "gather": 3}, speaking, {"when": "x"}]})
    assert check_references([part.book]) == []
    assert [rule.name for rule in part.book.rules] == ["gas-low", "other", "rule-2"]


@pytest.mark.parametrize("data", [None, [], {"rules": 3}, {"hazard": "gas"}])
def test_of_what_is_no_book_nothing_is_left(data: object) -> None:
    part = salvage(data)
    assert (part.book.rules, part.faults) == ([], ())


def test_a_right_book_is_left_as_it_is(books: dict[str, Rulebook]) -> None:
    folder = Path(__file__).parents[2] / "rules" / "books"
    for name, book in books.items():
        part = salvage(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")))
        assert (part.book.rules, part.faults) == (book.rules, ())
