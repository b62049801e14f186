"""What the timetable does at set times, as written in the ledger. It does not know how a schedule is read or kept."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from domain import Instant
from store.database.sql import upsert
from store.database.system.tables import jobs


class Job(Struct, frozen=True):
    """A name the timetable knows, when to do it (a crontab line), and how it went the last time."""

    name: str
    schedule: str
    enabled: bool = True
    last_run_at: Instant | None = None
    last_outcome: str | None = None


def list_jobs(tx: Connection) -> list[Job]:
    """All jobs, by name."""
    return [Job(*row) for row in tx.execute(select(jobs).order_by(jobs.c.name))]


def put(tx: Connection, name: str, schedule: str, *, enabled: bool = True) -> None:
    """Add a job or change its schedule; how it went the last time stays known."""
    upsert(tx, jobs, {"name": name}, {"schedule": schedule, "enabled": enabled})


def record_run(tx: Connection, name: str, at: Instant, outcome: str) -> bool:
    """Note how a job went. False when the job was removed meanwhile."""
    noted = update(jobs).where(jobs.c.name == name).values(last_run_at=at, last_outcome=outcome)
    return tx.execute(noted).rowcount > 0


def remove(tx: Connection, name: str) -> bool:
    """Forget a job."""
    return tx.execute(delete(jobs).where(jobs.c.name == name)).rowcount > 0
