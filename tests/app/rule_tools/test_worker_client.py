"""Requests in a worker process."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rule_tools.requests import CheckRequest, TestRequest
from app.rule_tools.templates import write_rulebook
from app.rule_tools.worker import WorkerRequest
from app.rule_tools.worker_client import run_in_worker
from console.rule_tools_interface import RulebookInvalid, ToolsRefused


async def test_a_worker_returns_results_and_progress(tmp_path: Path) -> None:
    files = write_rulebook("gas-shop", tmp_path)
    progress: list[float] = []

    answer = await run_in_worker(WorkerRequest(TestRequest(files[:1]), 60), progress.append)

    assert (answer["passed"], answer["failed"]) == (2, 0)
    assert progress == [1.0]


async def test_faults_and_refusals_of_a_worker_are_raised_here(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("hazard: gas\n")
    with pytest.raises(RulebookInvalid) as invalid:
        await run_in_worker(WorkerRequest(CheckRequest([tmp_path / "bad.yaml"]), 60), lambda _part: None)
    assert {fault.file for fault in invalid.value.faults} == {str(tmp_path / "bad.yaml")}


async def test_a_worker_that_exceeds_its_processor_time_is_refused_with_the_reason() -> None:
    with pytest.raises(ToolsRefused, match="it took too much of the processor"):
        await run_in_worker(WorkerRequest(TestRequest([]), 1), lambda _part: None)
