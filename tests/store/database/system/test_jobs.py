"""Scheduled jobs and the outcome of their last run."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import jobs
from store.database.system.jobs import Job


def test_a_job_keeps_its_outcome_when_its_schedule_changes(tx: Connection) -> None:
    jobs.put(tx, "roll_up", "*/5 * * * *")
    assert jobs.record_run(tx, "roll_up", 7, "ok")
    jobs.put(tx, "roll_up", "*/10 * * * *", enabled=False)
    jobs.put(tx, "audit", "0 3 * * *")
    assert jobs.list_jobs(tx) == [Job("audit", "0 3 * * *"), Job("roll_up", "*/10 * * * *", False, 7, "ok")]
    assert not jobs.record_run(tx, "unknown", 8, "ok")
