"""What is wrong with a finished self-test."""

from __future__ import annotations

import pytest

from alerts.cases.canary import CanaryResult, canary_problem


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        (CanaryResult(0, 5, 9, 40, 90), ""),
        (CanaryResult(0), "not received"),
        (CanaryResult(0, 5), "not opened"),
        (CanaryResult(0, 5, 9), "not sent"),
        (CanaryResult(0, 5, 9, 61_000), "sent after 61 s"),
    ],
)
def test_the_first_missing_step_or_the_delay_is_named(result: CanaryResult, problem: str) -> None:
    assert canary_problem(result) == problem
