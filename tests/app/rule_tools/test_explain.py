"""Which rules and how much of the past an explanation replays."""

from __future__ import annotations

import pytest

from app.config.catalog import load_active_rulebooks, load_kinds
from app.errors import UserError
from app.rule_tools.explain import (
    BASELINE_REPLAY_MS,
    DEFAULT_REPLAY_MS,
    is_self_contained,
    replay_length_ms,
    rules_needed_for,
)
from rules.rulebook.model import Rulebook


@pytest.fixture(scope="module")
def rulebooks() -> list[Rulebook]:
    return load_active_rulebooks(load_kinds())


def test_a_rule_brings_those_whose_findings_it_refers_to(rulebooks: list[Rulebook]) -> None:
    referring = next(rule for book in rulebooks for rule in book.rules if rule.referenced_rules)

    reduced = rules_needed_for(rulebooks, referring.name)

    names = {rule.name for book in reduced for rule in book.rules}
    assert {referring.name, *referring.referenced_rules} <= names
    assert len(names) < sum(len(book.rules) for book in rulebooks)
    with pytest.raises(UserError, match="no rule dragon in the active rulebooks"):
        rules_needed_for(rulebooks, "dragon")


def test_a_rule_with_a_baseline_replays_five_weeks(rulebooks: list[Rulebook]) -> None:
    for book in rulebooks:
        for rule in book.rules:
            expected = BASELINE_REPLAY_MS if "usual(" in str(rule.when) else DEFAULT_REPLAY_MS
            reduced = [book.model_copy(update={"rules": [rule]})]
            assert replay_length_ms(reduced) == expected


def test_a_rule_about_a_group_needs_the_readings_of_others(rulebooks: list[Rulebook]) -> None:
    alone = next(rule for book in rulebooks for rule in book.rules if rule.when and not rule.referenced_rules)
    reduced = rules_needed_for(rulebooks, alone.name)

    assert is_self_contained(reduced, "gas-402")
    assert not is_self_contained(reduced, "building/b3")
