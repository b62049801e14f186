"""A request is answered by its tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import UserError
from app.rule_tools.requests import BacktestRequest, CheckRequest, ExplainRequest, TestRequest, no_progress
from app.rule_tools.run import run
from app.rule_tools.templates import write_rulebook


def test_each_request_goes_to_its_tool(tmp_path: Path) -> None:
    rulebook, _ = write_rulebook("gas-shop", tmp_path)

    assert run(CheckRequest([rulebook]), no_progress)["books"] == 1
    assert run(TestRequest([rulebook]), no_progress)["passed"] == 2
    for request in (
        BacktestRequest(rulebook, tmp_path, 0, 1_000),
        ExplainRequest("gas-leak", "gas-1", 1_000, tmp_path),
    ):
        with pytest.raises(UserError, match=r"has no history\.duckdb|no rule gas-leak"):
            run(request, no_progress)
