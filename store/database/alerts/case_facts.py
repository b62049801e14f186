"""Facts of a period for `alerts.analysis`: alerts with their milestones, findings, counts of messages.

A long period is read in slices of a month, each in a transaction of its own, so that the thread of reads, which also
serves lists and the event stream, is never held for long.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Integer, func, select, type_coerce

from alerts.alert import ACTIVE_STATES, CANARY_RULE
from alerts.analysis.alarm_load import STALE_MS
from alerts.analysis.facts import CaseRecord, DeliveryCount, FindingBegin, PeriodFacts, merge_delivery_counts
from domain import DAY, FindingPhase, Instant
from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.tables import alert_findings, alerts, deliveries
from store.database.registry.tables import devices

T = TypeVar("T")

SLICE_MS: Final = 31 * DAY
_ACTIVE: Final = [state.value for state in ACTIVE_STATES]
_NO_CANARY: Final = alerts.c.rule != CANARY_RULE
_CASE: Final = select(
    alerts.c.id,
    alert_milestones.c.opened_at,
    *(alerts.c[name] for name in ("severity", "ledger", "hazard", "rule", "title", "device", "place", "state")),
    alerts.c.disposition,
    type_coerce(alerts.c.exercise, Integer),  # converting a Boolean takes as long as the rest of the row
    *(alerts.c[name] for name in ("source", "overdue_count")),
    *(alert_milestones.c[name] for name in ("role", "acknowledged_at", "arrived_at", "resolved_at", "closed_at")),
).join_from(alert_milestones, alerts, alerts.c.id == alert_milestones.c.alert)
"""Columns in the order of the fields of CaseRecord."""

Places = Collection[str] | None
"""Ids of places; None: everywhere, also alerts without a place."""


class Reader(Protocol):
    """The part of a database that is needed here."""

    def read(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


async def read_facts(database: Reader, since: Instant, until: Instant, now: Instant, places: Places) -> PeriodFacts:
    """Everything with `since <= instant < until` at these places, read month by month."""
    parts = [await database.read(partial(slice_facts, places=places, period=one)) for one in slices(since, until)]
    stale = await database.read(lambda tx: count_stale(tx, now, places))
    return PeriodFacts(
        cases=[case for part in parts for case in part.cases],
        findings=[finding for part in parts for finding in part.findings],
        deliveries=merge_delivery_counts([part.deliveries for part in parts]),
        stale=stale,
    )


def slices(since: Instant, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The period in parts of at most a month."""
    for begin in range(since, until, SLICE_MS):
        yield begin, min(begin + SLICE_MS, until)


def slice_facts(tx: Connection, period: tuple[Instant, Instant], places: Places = None) -> PeriodFacts:
    """The facts of one slice."""
    at_places = frozenset(places) if places is not None else None
    return PeriodFacts(
        _cases(tx, period, at_places), _findings(tx, period, at_places), _deliveries(tx, period, at_places)
    )


def count_stale(tx: Connection, now: Instant, places: Places = None) -> int:
    """Alerts that are active and were opened more than 24 hours ago; exercises are not counted."""
    stale = alerts.c.state.in_(_ACTIVE), alerts.c.opened_at < now - STALE_MS, alerts.c.exercise.is_(False)
    if places is None:
        return int(tx.execute(select(func.count()).select_from(alerts).where(*stale)).scalar_one())
    query = select(alerts.c.place, func.count()).where(*stale).group_by(alerts.c.place)
    return sum(int(count) for place, count in tx.execute(query) if place in places)


def device_places(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """The place of each of these registered devices that has one."""
    query = select(devices.c.id, devices.c.place).where(devices.c.id.in_(sorted(ids)), devices.c.place.is_not(None))
    return {row.id: row.place for row in tx.execute(query)}


def _cases(tx: Connection, period: tuple[Instant, Instant], places: frozenset[str] | None) -> list[CaseRecord]:
    query = _CASE.where(_within(alert_milestones.c.opened_at, period), alerts.c.merged_into.is_(None), _NO_CANARY)
    return [CaseRecord(*tuple(row)) for row in tx.execute(query) if places is None or row.place in places]


def _findings(tx: Connection, period: tuple[Instant, Instant], places: frozenset[str] | None) -> list[FindingBegin]:
    """Findings that began and belong to an alert; those of exercises are left out."""
    began = alert_findings.c.phase == FindingPhase.BEGAN.value, _within(alert_findings.c.heard_at, period)
    query = (
        select(
            alert_findings.c.heard_at,
            alert_findings.c.finding,
            alert_findings.c.device,
            alerts.c.disposition,
            alerts.c.place,
        )
        .join_from(alert_findings, alerts, alerts.c.id == alert_findings.c.alert)
        .where(*began, alerts.c.exercise.is_(False))
    )
    return [
        FindingBegin(at, finding.partition("@")[0], device, disposition)
        for at, finding, device, disposition, place in tx.execute(query)
        if places is None or place in places
    ]


def _deliveries(tx: Connection, period: tuple[Instant, Instant], places: frozenset[str] | None) -> list[DeliveryCount]:
    """Messages of alerts, without those of exercises. Alerts are joined only where places matter."""
    provider, code = func.coalesce(deliveries.c.provider, ""), func.coalesce(deliveries.c.code, "")
    columns = [deliveries.c.channel, provider, deliveries.c.state, code]
    columns += [] if places is None else [alerts.c.place]
    exercises = select(alerts.c.id).where(alerts.c.exercise.is_(True))
    counted = _within(deliveries.c.created_at, period), deliveries.c.alert.not_in(exercises)
    query = select(func.count(), *columns).where(*counted).group_by(*columns)
    if places is not None:
        query = query.join_from(deliveries, alerts, alerts.c.id == deliveries.c.alert)
    return [
        DeliveryCount(channel, by, state, word, int(count))
        for count, channel, by, state, word, *place in tx.execute(query)
        if places is None or place[0] in places
    ]


def _within(column: ColumnElement[Any], period: tuple[Instant, Instant]) -> ColumnElement[bool]:
    return (column >= period[0]) & (column < period[1])
