"""Long jobs of the rule tools: one at a time, cancelled, kept over a restart."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.rule_tools.jobs import FAILED, JOBS_KEPT, RESTARTED, RuleJobs
from app.rule_tools.requests import Progress
from console.rule_tools_interface import RuleJob, ToolsBusy, ToolsRefused
from tests.support.timeouts import LONG_TIMEOUT_S


def job(id: str, tool: str = "score", started_at: int = 1) -> RuleJob:
    return RuleJob(id, "running", 0.0, "user:wang", started_at, tool=tool, book="gas", text="hazard: gas\n")


async def ended(jobs: RuleJobs, id: str) -> RuleJob:
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while (found := jobs.get(id)) is None or found.state == "running":
            await asyncio.sleep(0)
    return found


async def succeeds(progress: Progress) -> dict[str, Any]:
    progress(0.5)
    progress(0.25)
    return {"score": {"days": 1}}


async def waits(_progress: Progress) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


async def refuses(_progress: Progress) -> dict[str, Any]:
    raise ToolsRefused("it took too much of the processor: ask for a shorter time")


async def test_a_score_is_found_again_by_the_next_service_with_its_result(tmp_path: Path) -> None:
    jobs = RuleJobs(tmp_path / "jobs", lambda: 9)
    jobs.start(job("a"), succeeds)
    done = await ended(jobs, "a")
    await jobs.stop()
    assert (done.state, done.progress, done.ended_at) == ("done", 1.0, 9)

    again = RuleJobs(tmp_path / "jobs", lambda: 10)
    found = again.get("a")
    assert found is not None
    assert msgspec.json.encode(found) == msgspec.json.encode(done)
    assert [one.id for one in again.newest_first()] == ["a"]


async def test_a_score_that_the_end_of_the_service_interrupted_has_failed_with_that_reason(tmp_path: Path) -> None:
    killed = RuleJobs(tmp_path / "jobs", lambda: 9)
    killed.start(job("a"), waits)
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not list((tmp_path / "jobs").glob("*.json")):
            await asyncio.sleep(0)

    found = RuleJobs(tmp_path / "jobs", lambda: 10).get("a")
    await killed.stop()
    assert found is not None
    assert (found.state, found.detail) == ("failed", RESTARTED)


async def test_one_job_runs_at_a_time_whatever_its_tool_and_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    jobs = RuleJobs(tmp_path / "jobs", lambda: 9)
    jobs.start(job("a"), waits)
    with pytest.raises(ToolsBusy, match="a"):
        jobs.start(job("b", "backtest"), succeeds)
    cancelled = await jobs.cancel("a")
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    jobs.start(job("b", "backtest"), refuses)
    failed = await ended(jobs, "b")
    await jobs.stop()
    assert (failed.state, failed.detail) == ("failed", "it took too much of the processor: ask for a shorter time")
    assert await jobs.cancel("c") is None


async def test_a_job_that_ends_by_a_mistake_of_ours_has_failed_and_the_log_has_the_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_progress: Progress) -> dict[str, Any]:
        raise ZeroDivisionError

    jobs = RuleJobs(tmp_path / "jobs", lambda: 9)
    jobs.start(job("a"), breaks)
    failed = await ended(jobs, "a")
    await jobs.stop()
    assert (failed.state, failed.detail) == ("failed", FAILED)
    assert "ZeroDivisionError" in caplog.text


async def test_results_of_backtests_are_not_kept_on_disk_and_old_scores_are_removed(tmp_path: Path) -> None:
    jobs = RuleJobs(tmp_path / "jobs", lambda: 9)
    for number in range(JOBS_KEPT + 2):
        jobs.start(job(f"s{number}", "score", number), succeeds)
        await ended(jobs, f"s{number}")
    jobs.start(job("back", "backtest", 99), succeeds)
    await ended(jobs, "back")
    await jobs.stop()
    assert len(jobs.newest_first()) == JOBS_KEPT
    assert sorted(file.stem for file in (tmp_path / "jobs").iterdir()) == sorted(
        one.id for one in jobs.newest_first() if one.tool == "score"
    )


async def test_a_file_that_cannot_be_read_is_named_and_the_others_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "bad.json").write_text("{")
    (folder / "good.json").write_bytes(msgspec.json.encode(job("good")))
    with caplog.at_level(logging.WARNING):
        jobs = RuleJobs(folder, lambda: 9)
    assert [one.id for one in jobs.newest_first()] == ["good"]
    assert "bad.json" in caplog.text
