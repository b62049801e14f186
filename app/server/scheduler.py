"""Runs jobs at set times of the wall clock: roll-ups, retention, daily report.

The only user of APScheduler. Schedules are stored in the database and loaded at every start; a job that was due while
the service was down runs once, late. Holds, absence and escalation are not jobs: they are timers of engine and desk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from msgspec import Struct

from app.pipeline.retry import attempt_write
from domain import Instant

log = logging.getLogger("fengshao.scheduler")
MISFIRE_GRACE_S = 3600


Work = Callable[[Instant], Awaitable[str]]
"""Runs a job and returns in a few words what was done."""


class Job(Struct, frozen=True):
    """`schedule` is the default, in crontab's five fields, local time."""

    schedule: str
    work: Work


class StoredJob(Struct, frozen=True):
    """A job as stored."""

    name: str
    schedule: str
    enabled: bool = True
    last_run_at: Instant | None = None


class JobStore(Protocol):
    """Where schedules and outcomes are stored."""

    async def load(self, defaults: Mapping[str, str]) -> Sequence[StoredJob]:
        """All stored jobs; jobs of `defaults` (schedule by name) that are not stored yet are added."""
        ...

    async def record(self, name: str, at: Instant, outcome: str) -> None: ...


def missed_run(schedule: str, zone: ZoneInfo, last_run_at: Instant | None, now: Instant) -> bool:
    """Whether the job was due between its last run and now.

    >>> noon = 1_700_000_000_000
    >>> missed_run("0 3 * * *", ZoneInfo("Asia/Shanghai"), noon - 172_800_000, noon)
    True
    >>> missed_run("0 3 * * *", ZoneInfo("Asia/Shanghai"), None, noon)
    False
    """
    if last_run_at is None:
        return False
    after = datetime.fromtimestamp(last_run_at / 1000, UTC).astimezone(zone)
    fire = CronTrigger.from_crontab(schedule, timezone=zone).get_next_fire_time(after, after)
    return fire is not None and fire.timestamp() * 1000 <= now


class Scheduler:
    """Runs `jobs` by their stored schedules."""

    def __init__(self, jobs: Mapping[str, Job], zone: ZoneInfo, clock: Callable[[], Instant], store: JobStore) -> None:
        self._jobs, self._zone, self._clock, self._store = jobs, zone, clock, store
        self._scheduler: Any = AsyncIOScheduler(timezone=zone)
        self.missed_runs: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the schedules, and begin to run each job that was due while the service was down.

        They run in the background (`missed_runs`): deleting a day of history must not delay the first message.
        """
        now = self._clock()
        stored = await self._store.load({name: job.schedule for name, job in self._jobs.items()})
        active = [job for job in stored if job.enabled and job.name in self._jobs]
        for job in active:
            self._add(job)
        self._scheduler.start()
        missed = [job.name for job in active if missed_run(job.schedule, self._zone, job.last_run_at, now)]
        self.missed_runs = asyncio.create_task(self._run_all(missed), name="missed jobs")

    async def _run_all(self, names: Sequence[str]) -> None:
        for name in names:
            await self.run(name)

    def _add(self, job: StoredJob) -> None:
        self._scheduler.add_job(
            self.run,
            CronTrigger.from_crontab(job.schedule, timezone=self._zone),
            args=[job.name],
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=MISFIRE_GRACE_S,
        )

    async def run(self, name: str) -> None:
        """Run a job now and record its outcome; a failure is recorded and logged, and the next run is as scheduled.

        An outcome that cannot be written is logged: the job is due again at the next start.
        """
        now = self._clock()
        try:
            outcome = await self._jobs[name].work(now)
        except Exception as error:
            log.exception("job failed", extra={"job": name})
            outcome = f"failed: {error}"
        await attempt_write(partial(self._store.record, name, now, outcome), f"outcome of job {name}")

    def stop(self) -> None:
        """A job that runs in a thread of a store is not interrupted; closing the store waits for it."""
        if self.missed_runs is not None:
            self.missed_runs.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
