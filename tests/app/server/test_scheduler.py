"""Jobs by the wall clock: missed runs, stored schedules, failures, shift changes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from app.server.scheduler import Job, Scheduler, StoredJob
from domain import DAY, Instant
from store.errors import CannotWrite
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_795_269_600_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Rows:
    """A ledger's job table in memory."""

    def __init__(self, *rows: StoredJob) -> None:
        self.rows, self.ran = list(rows), list[tuple[str, Instant, str]]()

    async def load(self, defaults: Mapping[str, str]) -> list[StoredJob]:
        known = {row.name for row in self.rows}
        return [*self.rows, *(StoredJob(name, line) for name, line in defaults.items() if name not in known)]

    async def record(self, name: str, at: Instant, outcome: str) -> None:
        self.ran.append((name, at, outcome))


async def done(now: Instant) -> str:
    return "done"


async def broken(now: Instant) -> str:
    raise RuntimeError("disk full")


async def test_a_job_that_fell_due_while_we_were_down_runs_once_at_start() -> None:
    rows = Rows(
        StoredJob("retention", "40 3 * * *", True, NOW - 2 * DAY), StoredJob("off", "40 3 * * *", False, NOW - DAY)
    )
    jobs = {"retention": Job("40 3 * * *", done), "off": Job("40 3 * * *", done), "report": Job("0 8 * * *", done)}
    scheduler = Scheduler(jobs, SHANGHAI, lambda: NOW, rows)
    await scheduler.start()
    assert scheduler.missed_runs is not None
    await scheduler.missed_runs
    scheduler.stop()

    assert rows.ran == [("retention", NOW, "done")]


async def test_a_missed_job_that_takes_long_does_not_delay_the_start() -> None:
    """Deleting a day of history came before the first message after a night without the service."""
    rows, running = Rows(StoredJob("retention", "40 3 * * *", True, NOW - 2 * DAY)), asyncio.Event()

    async def slow(now: Instant) -> str:
        running.set()
        await asyncio.sleep(3_600)
        return "done"

    scheduler = Scheduler({"retention": Job("40 3 * * *", slow)}, SHANGHAI, lambda: NOW, rows)
    async with asyncio.timeout(LONG_TIMEOUT_S):
        await scheduler.start()
        await running.wait()
    scheduler.stop()
    with pytest.raises(asyncio.CancelledError):
        await scheduler.missed_runs
    assert rows.ran == []


async def test_an_outcome_that_cannot_be_written_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Full(Rows):
        async def record(self, name: str, at: Instant, outcome: str) -> None:
            raise CannotWrite("disk full")

    scheduler = Scheduler({"report": Job("0 8 * * *", done)}, SHANGHAI, lambda: NOW, Full())
    await scheduler.run("report")
    assert "outcome of job report not written: disk full" in caplog.text


async def test_the_stored_schedule_wins_over_the_default() -> None:
    rows = Rows(StoredJob("report", "15 9 * * 1"))
    scheduler = Scheduler({"report": Job("0 8 * * *", done)}, SHANGHAI, lambda: NOW, rows)
    await scheduler.start()
    (job,) = scheduler._scheduler.get_jobs()
    scheduler.stop()

    assert "hour='9', minute='15'" in str(job.trigger)


async def test_a_job_that_fails_is_recorded_with_its_reason() -> None:
    rows = Rows()
    scheduler = Scheduler({"report": Job("0 8 * * *", broken)}, SHANGHAI, lambda: NOW, rows)
    await scheduler.run("report")

    assert rows.ran == [("report", NOW, "failed: disk full")]
