"""Dispatches a request to its tool; answers are plain data.

What reads recorded data imports the stores, two thirds of a worker's start: it is imported when it is asked for.
"""

from __future__ import annotations

from typing import Any

from app.rule_tools.check import check_files, run_trial_files
from app.rule_tools.requests import (
    BacktestRequest,
    CheckRequest,
    ExplainRequest,
    Progress,
    TestRequest,
    ToolRequest,
)


def run(request: ToolRequest, progress: Progress) -> dict[str, Any]:
    """The tool's answer. Raises ConfigError with every fault of a rulebook, UserError for what cannot be done."""
    if isinstance(request, CheckRequest):
        return check_files(request.files, request.site)
    if isinstance(request, TestRequest):
        return _test(request, progress)
    return _with_recorded_data(request, progress)


def _with_recorded_data(request: BacktestRequest | ExplainRequest, progress: Progress) -> dict[str, Any]:
    from app.rule_tools.backtest import backtest
    from app.rule_tools.explain import explain

    return backtest(request, progress) if isinstance(request, BacktestRequest) else explain(request, progress)


def _test(request: TestRequest, progress: Progress) -> dict[str, Any]:
    results = [
        {"file": str(file), "trial": trial.name, "rule": trial.rule, "passed": trial.passed,
         "expected": trial.expected, "got": trial.got}
        for file, trial in run_trial_files(request.files, request.site, progress)
    ]  # fmt: skip
    passed = sum(bool(result["passed"]) for result in results)
    return {"passed": passed, "failed": len(results) - passed, "results": results}
