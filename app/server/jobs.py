"""The scheduler's jobs: roll-up, retention, daily report, digest, end of drills. Each returns what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import asdict, astuple
from sqlalchemy import Connection

from alerts.cases.exercise_scenarios import EXERCISE_MS
from alerts.drills import Drills
from alerts.exchange.messages import SYSTEM_PREFIX
from alerts.service import AlertService
from app.config.settings import SiteSettings
from app.datadir.stores import Stores
from app.pipeline.pipeline import Pipeline
from app.server.scheduler import Job, StoredJob
from console.access_messages_zh import ERASED
from domain import DAY, Instant
from store.database.alerts import exercises, retention, silences, statistics
from store.database.database import Database
from store.database.exchange import cases as exchange_cases
from store.database.exchange import outbox as exchange_outbox
from store.database.refusals import refusals
from store.database.refusals.history_refusals import purge_history_refusals
from store.database.registry import rosters
from store.database.reports import personal_retention
from store.database.reports.retention import delete_of_alerts
from store.database.system import audit, sessions
from store.database.system import jobs as table

FETCH_WITHIN_MS: Final = 7 * DAY
"""A system that fetches its messages may be away for so long; then they are dead letters."""
NO_MORE: Final[Mapping[str, Job]] = MappingProxyType({})


def build_jobs(
    stores: Stores,
    site: SiteSettings,
    pipeline: Pipeline,
    desk: AlertService,
    more: Mapping[str, Job] = NO_MORE,
) -> dict[str, Job]:
    """Every job by name, with its default schedule in local time; `more` are those that need other parts."""
    return {
        "roll-up": Job("5 * * * *", partial(_roll_up, stores)),
        "retention": Job("40 3 * * *", partial(_delete_expired, stores, site, pipeline)),
        "personal-data": Job("50 3 * * *", partial(_erase_personal, stores, site)),
        "daily-report": Job("0 8 * * *", partial(_report, stores)),
        "digest": Job("30 8 * * *", partial(_send_digests, desk)),
        "end-drills": Job("* * * * *", partial(_end_drills, stores, desk)),
        **more,
    }


async def _roll_up(stores: Stores, now: Instant) -> str:
    await stores.history.roll_up(now)
    return "closed hours rolled up"


async def _delete_expired(stores: Stores, site: SiteSettings, pipeline: Pipeline, now: Instant) -> str:
    """Journal entries are deleted once old and before the last checkpoint, alerts once they are settled."""
    keep = site.retention
    await stores.history.delete_expired(now, keep.raw_days, keep.minute_days, keep.hour_days)
    entries = await stores.journal.prune(now - keep.journal_days * DAY, pipeline.saved_positions)
    refused = await stores.database.write(lambda tx: refusals.purge_refusals(tx, now - keep.refusal_days * DAY))
    await stores.database.write(lambda tx: purge_history_refusals(tx, now - keep.refusal_days * DAY))
    acts = await stores.database.write(lambda tx: audit.purge(tx, now - keep.audit_days * DAY))
    await stores.database.write(lambda tx: sessions.purge(tx, now - keep.refusal_days * DAY))
    await stores.database.write(lambda tx: rosters.purge_overrides(tx, now - keep.audit_days * DAY, now))
    silenced = await stores.database.write(lambda tx: silences.purge_silences(tx, now - keep.audit_days * DAY))
    forget_messages = partial(retention.delete_personal_messages, before=now - keep.audit_days * DAY)
    while await stores.database.write(forget_messages):
        continue
    await _delete_exchanged(stores, site, now)
    alerts = await _delete_expired_alerts(stores, now - max(keep.alert_days, keep.journal_days) * DAY)
    return (
        f"{entries} journal entries, {refused} refusals, {alerts} alerts, {acts} acts and {silenced} silences forgotten"
    )


async def _erase_personal(stores: Stores, site: SiteSettings, now: Instant) -> str:
    """Names, numbers, free text, messages and photos of alerts settled long ago; the alerts stay for the statistics."""
    database, before, total = stores.database, now - site.retention.personal_days * DAY, personal_retention.Erased()
    erase = partial(personal_retention.erase_personal, before=before, now=now, text=ERASED)
    while (done := await database.write(erase)).alerts:
        total = personal_retention.Erased(*(a + b for a, b in zip(astuple(total), astuple(done), strict=True)))
    detail: dict[str, Any] = asdict(total)
    if total.alerts:
        await database.write(lambda tx: audit.record(tx, now, "retention", "personal data expired", detail))
    return ", ".join(f"{count} {name}" for name, count in detail.items()) + " without personal data from now on"


async def _delete_exchanged(stores: Stores, site: SiteSettings, now: Instant) -> None:
    """Messages delivered to outside systems are kept like refusals, dead letters and what came in like the audit."""
    keep, database = site.retention, stores.database
    fetching = [SYSTEM_PREFIX + name for name, system in site.exchange.systems.items() if system.url is None]
    overdue = now - max(site.exchange.give_up_after, FETCH_WITHIN_MS)
    await database.write(partial(exchange_outbox.give_up_unfetched, names=fetching, created_before=overdue, now=now))
    dead_before = now - keep.audit_days * DAY
    purge = partial(exchange_outbox.purge, delivered_before=now - keep.refusal_days * DAY, dead_before=dead_before)
    while await database.write(purge):
        continue
    await database.write(partial(exchange_cases.purge_received, before=dead_before))


async def _delete_expired_alerts(stores: Stores, before: Instant) -> int:
    """Alerts settled before an instant, and findings that ended before it without one, a batch at a time."""
    database, deleted = stores.database, 0
    while expired := await database.read(partial(retention.expired_alerts, before=before)):
        delete = partial(retention.delete_alerts, delete_beside=delete_of_alerts)
        batch = await database.write(partial(delete, ids=expired, before=before))
        deleted += batch
        if not batch:
            break
    while findings := await database.read(partial(retention.expired_findings, before=before)):
        await database.write(partial(retention.delete_findings, ids=findings))
    return deleted


async def _report(stores: Stores, now: Instant) -> str:
    """The last day in numbers, as the outcome of the job: alerts opened, still active, how fast acknowledged."""
    day = await stores.database.read(partial(statistics.alert_statistics, since=now - DAY, until=now))
    return f"{sum(day.opened.values())} alerts opened, {day.unsettled} not settled, taken in {day.take_ms_median} ms"


async def _send_digests(desk: AlertService, now: Instant) -> str:
    """Minor device faults are not sent one by one: once a day each person responsible for them gets their number."""
    return f"{await desk.send_digest(now)} alerts told in digests"


async def _end_drills(stores: Stores, desk: AlertService, now: Instant) -> str:
    """Exercises that nobody ended are ended after half an hour."""
    due = await stores.database.read(partial(exercises.open_exercises, opened_before=now - EXERCISE_MS))
    for alert in due:
        await Drills(desk).end(alert, now)
    return f"{len(due)} drills ended"


class DatabaseJobStore:
    """Schedules and outcomes of jobs in the database (app.server.scheduler.JobStore)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, defaults: Mapping[str, str]) -> Sequence[StoredJob]:
        return await self._database.write(partial(_load_jobs, defaults=defaults))

    async def record(self, name: str, at: Instant, outcome: str) -> None:
        await self._database.write(lambda tx: table.record_run(tx, name, at, outcome))


def _load_jobs(tx: Connection, defaults: Mapping[str, str]) -> list[StoredJob]:
    """All jobs; one that the database does not have yet is added with its default schedule."""
    existing = {job.name for job in table.list_jobs(tx)}
    for name, schedule in defaults.items():
        if name not in existing:
            table.put(tx, name, schedule)
    return [StoredJob(job.name, job.schedule, job.enabled, job.last_run_at) for job in table.list_jobs(tx)]
