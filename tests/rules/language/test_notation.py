"""Conditions written out for people."""

from __future__ import annotations

import pytest

from rules.language.notation import format_expression
from rules.language.parser import parse


@pytest.mark.parametrize(
    "condition", ["usual(steps) >= 150", "days_left(battery_pct) < 14", "predict(level_mm, 1h, 30m) > 3", "max(x, 1h)"]
)
def test_a_formatted_window_call_is_parsed_to_the_same_tree(condition: str) -> None:
    assert parse(format_expression(parse(condition))) == parse(condition)


@pytest.mark.parametrize("condition", ["time.minute >= 22:30", "default(battery_pct, 100) < 20", "lel_pct >= 10"])
def test_a_formatted_condition_is_parsed_to_the_same_tree(condition: str) -> None:
    assert format_expression(parse(condition)) == condition
