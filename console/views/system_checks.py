"""The health of the service as a list of checks, each good, to be watched, or bad. Pure.

Thresholds are our defaults (unverified) unless a line says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Protocol

from console.system_interface import ServiceFacts
from domain import DAY, HOUR, MINUTE, SECOND, Instant

BACKLOG_WATCH: Final = 1_000
BACKLOG_BAD: Final = 20_000
"""Journal entries: about a second and twenty seconds of work at a district's rate."""
SILENT_WATCH_MS: Final = 10 * MINUTE
UNSENT_WATCH_MS: Final = MINUTE
UNSENT_BAD_MS: Final = 5 * MINUTE
AUDIT_LATE_MS: Final = 5 * MINUTE
"""The audit of open alerts runs every minute."""
CANARY_LATE_MS: Final = 26 * HOUR
"""The self-test runs every day."""
DRILL_LATE_MS: Final = 92 * DAY
DISK_WATCH: Final = 0.15
DISK_BAD: Final = 0.05
FAILED: Final = "failed"
"""How the outcome of a job that failed begins (app.server.scheduler)."""


class CheckState(StrEnum):
    """The result of a check."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


class JobRun(Protocol):
    """The last run of a scheduled job."""

    @property
    def name(self) -> str: ...

    @property
    def last_run_at(self) -> Instant | None: ...

    @property
    def last_outcome(self) -> str | None: ...


Check = Mapping[str, Any]


def system_checks(
    facts: ServiceFacts, now: Instant, unsent_since: Instant | None, last_drill: Instant | None, jobs: Sequence[JobRun]
) -> list[Check]:
    """Every check, in the order in which a message passes the service."""
    return [
        *_intake_checks(facts, now),
        *_processing_checks(facts),
        *_alerting_checks(facts, now, unsent_since),
        *_upkeep_checks(facts, now, last_drill, jobs),
    ]


def _check(name: str, state: CheckState, value: float | None = None, *detail: str) -> Check:
    return {"name": name, "state": state, "value": value, "detail": [text for text in detail if text]}


def _bad_if(wrong: bool) -> CheckState:
    return CheckState.BAD if wrong else CheckState.GOOD


def _watch_if(wrong: bool) -> CheckState:
    return CheckState.WATCH if wrong else CheckState.GOOD


def _by_limits(value: float, watch: float, bad: float) -> CheckState:
    return CheckState.BAD if value >= bad else _watch_if(value >= watch)


def _intake_checks(facts: ServiceFacts, now: Instant) -> Iterator[Check]:
    yield _check("broker", _bad_if(not facts.connected), None, "" if facts.connected else facts.connection_error)
    refused = facts.refused_filters
    yield _check("subscriptions", _watch_if(bool(refused)), len(refused), *refused)
    yield _check("journal", _bad_if(bool(facts.journal_error)), None, facts.journal_error)
    yield _check("intake", _watch_if(facts.paused), facts.pending_bytes)
    age = None if facts.last_reading_at is None else now - facts.last_reading_at
    yield _check("readings", _watch_if(age is None or age > SILENT_WATCH_MS), facts.readings_per_s)


def _processing_checks(facts: ServiceFacts) -> Iterator[Check]:
    waiting = sum(facts.backlog.values())
    lanes = [f"{lane}: {count}" for lane, count in sorted(facts.backlog.items()) if count]
    yield _check("backlog", _by_limits(waiting, BACKLOG_WATCH, BACKLOG_BAD), waiting, *lanes)
    yield _check("rules", _watch_if(facts.internal_errors > 0), facts.internal_errors)
    yield _check("history", _watch_if(facts.history_behind))


def _alerting_checks(facts: ServiceFacts, now: Instant, unsent_since: Instant | None) -> Iterator[Check]:
    waited = 0 if unsent_since is None else max(0, now - unsent_since)
    yield _check("outbox", _by_limits(waited, UNSENT_WATCH_MS, UNSENT_BAD_MS), waited / SECOND)
    failing = [f"{one.channel} {one.provider}".strip() for one in facts.providers if one.is_open]
    yield _check("providers", _bad_if(bool(failing)), len(facts.providers), *failing)
    refused = facts.unusable_settings
    yield _check("settings", _bad_if(bool(refused)), len(refused), *refused)
    yield _check("site", _bad_if(bool(facts.site_faults)), len(facts.site_faults), *facts.site_faults)
    asked = None if facts.providers_asked_at is None else len(facts.provider_faults)
    yield _check("preflight", _bad_if(bool(facts.provider_faults)), asked, *facts.provider_faults)
    late = facts.audit_at is None or now - facts.audit_at > AUDIT_LATE_MS
    audit = CheckState.BAD if facts.audit_faults else _watch_if(late)
    yield _check("audit", audit, facts.audit_faults)
    passed_lately = facts.canary_at is not None and now - facts.canary_at <= CANARY_LATE_MS
    canary = CheckState.BAD if facts.canary_problem else _watch_if(not passed_lately)
    yield _check("canary", canary, facts.canary_sent_ms, facts.canary_problem)


def _upkeep_checks(
    facts: ServiceFacts, now: Instant, last_drill: Instant | None, jobs: Sequence[JobRun]
) -> Iterator[Check]:
    days = None if last_drill is None else (now - last_drill) // DAY
    yield _check("drill", _watch_if(last_drill is None or now - last_drill > DRILL_LATE_MS), days)
    free = facts.disk_free / facts.disk_total if facts.disk_total else 1.0
    disk = CheckState.BAD if free <= DISK_BAD else _watch_if(free <= DISK_WATCH)
    yield _check("disk", disk, facts.disk_free)
    age = None if facts.backup_at is None else now - facts.backup_at
    late = facts.backup_max_age_ms > 0 and (age is None or age > facts.backup_max_age_ms)
    yield _check("backup", _watch_if(late), None if age is None else age // HOUR)
    failed = [f"{job.name}: {job.last_outcome}" for job in jobs if (job.last_outcome or "").startswith(FAILED)]
    yield _check("jobs", _watch_if(bool(failed)), len(jobs), *failed)
