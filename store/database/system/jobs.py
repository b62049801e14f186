"""Scheduled jobs: when each runs, and how its last run ended."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, select, update

from domain import Instant
from store.database.sql import upsert
from store.database.system.tables import jobs


class Job(Struct, frozen=True):
    """A job of the scheduler. `schedule` has the five fields of crontab, in local time."""

    name: str
    schedule: str
    enabled: bool = True
    last_run_at: Instant | None = None
    last_outcome: str | None = None


def list_jobs(tx: Connection) -> list[Job]:
    """All jobs, by name."""
    return [Job(*row) for row in tx.execute(select(jobs).order_by(jobs.c.name))]


def put(tx: Connection, name: str, schedule: str, *, enabled: bool = True) -> None:
    """Add a job or change its schedule; the outcome of its last run is kept."""
    upsert(tx, jobs, {"name": name}, {"schedule": schedule, "enabled": enabled})


def record_run(tx: Connection, name: str, at: Instant, outcome: str) -> bool:
    """Record the outcome of a run. False for an unknown job."""
    statement = update(jobs).where(jobs.c.name == name).values(last_run_at=at, last_outcome=outcome)
    return tx.execute(statement).rowcount > 0
