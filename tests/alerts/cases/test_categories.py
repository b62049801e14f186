"""The categories of reports: complete, told at once where life is in danger, and in the morning otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from alerts.cases.categories import LIFE_SAFETY_RULE, ReportCategories, ReportCategory, check
from alerts.escalation.policy import EscalationPolicy
from domain import Ledger
from tests.alerts.cases.test_report_desk import CATEGORIES

PLAIN = {"id": "lamp", "label": "路灯", "title": "居民报路灯", "hazard": "street", "severity": "low"}


def test_who_is_called_at_night_is_decided_by_the_danger_to_life(policy: EscalationPolicy) -> None:
    for category in CATEGORIES.categories:
        ladder = policy.ladder(Ledger.DANGER, category.severity, category.ladder_rule)
        assert (ladder.quiet is None) is category.life_safety, category.id
        assert bool(category.emergency) is category.life_safety, category.id


@pytest.mark.parametrize(
    "changes",
    [
        {"life_safety": True, "emergency": "拨打119"},
        {"life_safety": True, "severity": "high"},
        {"id": "路灯"},
        {"title": "居民报了一件说来话长的很长很长的事情呀呀呀呀"},
    ],
)
def test_a_category_with_contradicting_fields_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReportCategory(**{**PLAIN, **changes})


def test_two_categories_with_one_id_are_a_fault() -> None:
    texts = {"reporter": "居民", "consent": "c", "answered": "a", "erased": "e"}
    twice = ReportCategories(**texts, categories=(PLAIN, PLAIN))
    assert [fault.where for fault in check(twice)] == [("categories", 0, "id"), ("categories", 1, "id")]
    assert check(CATEGORIES) == []
    assert CATEGORIES.get("none") is None


def test_the_ladder_of_a_category() -> None:
    assert ReportCategory(**PLAIN).ladder_rule == "citizen-report"
    assert ReportCategory(**{**PLAIN, "ladder": "own"}).ladder_rule == "own"
    danger = {"severity": "high", "life_safety": True, "emergency": "拨打119"}
    assert ReportCategory(**{**PLAIN, **danger}).ladder_rule == LIFE_SAFETY_RULE
