"""The rules in force as the API lists them."""

from __future__ import annotations

from collections.abc import Sequence

from console.dependencies import RuleSummary
from rules.rulebook.model import Rule, Rulebook

NON_EXPRESSION_CONDITIONS = ("absent", "gather", "chatter", "expires")
"""Conditions without an expression: the API names their key."""


def rule_summaries(books: Sequence[Rulebook]) -> list[RuleSummary]:
    """Every rule in force as the API lists it."""
    return [
        RuleSummary(
            name=rule.name,
            title=rule.title.zh,
            hazard=book.hazard,
            kinds=rule.kinds,
            severity=rule.severity.value,
            ledger=rule.ledger.value,
            version=str(book.version),
            source=rule.source,
            state="shadow" if rule.shadow else "active",
            when=_condition(rule),
            advice=rule.advice.zh if rule.advice else "",
            title_en=rule.title.en,
        )
        for book in books
        for rule in book.rules
    ]


def _condition(rule: Rule) -> str:
    named = (key for key in NON_EXPRESSION_CONDITIONS if getattr(rule, key) is not None)
    return rule.when or rule.event or next(named)
