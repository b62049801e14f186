"""What happens at set times of the wall clock: roster changes, roll-ups, retention, the daily report.

The only user of APScheduler. Schedules are kept in the ledger and the timetable is rebuilt from it at every start; a
job that fell due while we were down runs once, late. Holds, absence and escalation are not here: they are `wake_at`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from msgspec import Struct

from domain import Duty, Instant

log = logging.getLogger("fengshao.scheduler")
MISFIRE_GRACE_S = 3600


class Job(Struct, frozen=True):
    """Something done at set times. `schedule` is the default in crontab's five fields, local time."""

    schedule: str
    work: Callable[[Instant], Awaitable[str]]
    """Does it and says in a few words what was done."""


class StoredJob(Struct, frozen=True):
    """A job as the ledger keeps it."""

    name: str
    schedule: str
    enabled: bool = True
    last_run_at: Instant | None = None


def missed_run(schedule: str, zone: ZoneInfo, last_run_at: Instant | None, now: Instant) -> bool:
    """Whether the job fell due between its last run and now, while nobody could run it.

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


def shift_change_minutes(duties: Iterable[Duty]) -> list[int]:
    """The minutes of the day at which somebody comes on or goes off duty.

    >>> shift_change_minutes([Duty("1", "c", "worker", "p", from_minute=480, to_minute=1200)])
    [480, 1200]
    """
    return sorted({minute % 1440 for duty in duties for minute in (duty.from_minute, duty.to_minute)})


class Scheduler:
    """Runs jobs at their times; `load` and `record` are the ledger's."""

    def __init__(
        self,
        jobs: Mapping[str, Job],
        zone: ZoneInfo,
        clock: Callable[[], Instant],
        load: Callable[[Mapping[str, str], Instant], Awaitable[list[StoredJob]]],
        record: Callable[[str, Instant, str], Awaitable[None]],
    ) -> None:
        self._jobs, self._zone, self._clock, self._load, self._record = jobs, zone, clock, load, record
        self._scheduler: Any = AsyncIOScheduler(timezone=zone)

    async def start(self) -> None:
        """Rebuild the timetable from the ledger, and run what was missed."""
        now = self._clock()
        rows = await self._load({name: job.schedule for name, job in self._jobs.items()}, now)
        for row in rows:
            if row.enabled and row.name in self._jobs:
                self._add(row)
        self._scheduler.start()
        for row in rows:
            missed = row.enabled and row.name in self._jobs
            if missed and missed_run(row.schedule, self._zone, row.last_run_at, now):
                await self.run(row.name)

    def _add(self, row: StoredJob) -> None:
        self._scheduler.add_job(
            self.run,
            CronTrigger.from_crontab(row.schedule, timezone=self._zone),
            args=[row.name],
            id=row.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=MISFIRE_GRACE_S,
        )

    def schedule_daily(self, name: str, minutes: Iterable[int], work: Callable[[], None]) -> None:
        """Do a small thing at these minutes of every local day, in place of what stood under this name."""
        for job in self._scheduler.get_jobs():
            if job.id.startswith(f"{name} "):
                job.remove()
        for minute in minutes:
            trigger = CronTrigger(hour=minute // 60, minute=minute % 60, timezone=self._zone)
            self._scheduler.add_job(work, trigger, id=f"{name} {minute // 60:02}:{minute % 60:02}")

    async def run(self, name: str) -> None:
        """Run a job now and keep its outcome; a failure is kept and logged, and the next run comes as planned."""
        now = self._clock()
        try:
            outcome = await self._jobs[name].work(now)
        except Exception as error:
            log.exception("job failed", extra={"job": name})
            outcome = f"failed: {error}"
        await self._record(name, now, outcome)

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
