"""Requests cross to the worker as JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.rule_tools.requests import (
    BacktestRequest,
    CheckRequest,
    ExplainRequest,
    TestRequest,
    ToolRequest,
    no_progress,
)
from app.rule_tools.worker import WorkerRequest, _decode_path


@pytest.mark.parametrize(
    "request_",
    [
        CheckRequest([Path("a.yaml")]),
        TestRequest([], Path("site")),
        BacktestRequest(Path("a.yaml"), Path("data"), 0, 1, processes=1),
        ExplainRequest("gas-leak", "gas-1", 1, Path("data"), rulebooks=b"\x00\xff"),
    ],
)
def test_a_request_is_the_same_after_the_pipe(request_: ToolRequest) -> None:
    line = msgspec.json.encode(WorkerRequest(request_, 60), enc_hook=str)

    assert msgspec.json.decode(line, type=WorkerRequest, dec_hook=_decode_path) == WorkerRequest(request_, 60)


def test_no_progress_ignores_its_part() -> None:
    no_progress(0.5)
