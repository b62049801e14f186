"""Counts of alerts and messages for /metrics, the map and the daily report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import median
from typing import Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, join, select

from alerts.alert import ACTIVE_STATES, SETTLED_STATES, State
from alerts.message import DeliveryState
from domain import Instant, Ledger, Severity
from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.tables import alerts, deliveries, timeline
from store.database.sql import one_of


class AlertStatistics(Struct, frozen=True):
    """Alerts of a period. `take_ms_median`: from opening to the first acknowledgement; None without one."""

    opened: dict[str, int]
    unsettled: int
    take_ms_median: int | None


def deliveries_by_state(tx: Connection) -> Mapping[tuple[str, str], int]:
    """Number of messages by channel and state."""
    rows = tx.execute(
        select(deliveries.c.channel, deliveries.c.state, func.count()).group_by(
            deliveries.c.channel, deliveries.c.state
        )
    )
    return {(channel, state): int(number) for channel, state, number in rows}


def oldest_due(tx: Connection, now: Instant) -> Mapping[bool, Instant]:
    """Since when the oldest message that is due has waited for a provider: of critical dangers (True) and of others."""
    waiting = deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.SENDING.value))
    is_critical = func.coalesce(
        (alerts.c.severity == Severity.CRITICAL.value) & (alerts.c.ledger == Ledger.DANGER.value), False
    )
    query = (
        select(is_critical, func.min(deliveries.c.not_before))
        .select_from(deliveries.outerjoin(alerts, alerts.c.id == deliveries.c.alert))
        .where(waiting, deliveries.c.not_before <= now)
        .group_by(is_critical)
    )
    return {bool(critical): int(since) for critical, since in tx.execute(query)}


def alert_statistics(tx: Connection, since: Instant, until: Instant) -> AlertStatistics:
    """Alerts opened with `since <= opened_at < until`, and the number of active alerts now."""
    within = (alerts.c.opened_at >= since) & (alerts.c.opened_at < until)
    opened = tx.execute(select(alerts.c.severity, func.count()).where(within).group_by(alerts.c.severity))
    unsettled = (
        select(func.count()).select_from(alerts).where(alerts.c.state.in_([state.value for state in ACTIVE_STATES]))
    )
    acknowledged = tx.execute(
        select(func.min(timeline.c.at) - alerts.c.opened_at)
        .join_from(alerts, timeline, timeline.c.alert == alerts.c.id)
        .where(within, timeline.c.kind == "acknowledge")
        .group_by(alerts.c.id, alerts.c.opened_at)
    )
    waits = [int(wait) for (wait,) in acknowledged]
    return AlertStatistics(
        opened={severity: int(number) for severity, number in opened},
        unsettled=int(tx.execute(unsettled).scalar_one()),
        take_ms_median=round(median(waits)) if waits else None,
    )


def active_by_place(tx: Connection) -> list[tuple[str, str, int]]:
    """Place, severity and number of active dangers; alerts without a place are left out."""
    active = alerts.c.state.in_([state.value for state in ACTIVE_STATES])
    conditions = active, alerts.c.ledger == Ledger.DANGER.value, alerts.c.place.is_not(None)
    query = select(alerts.c.place, alerts.c.severity, func.count()).where(*conditions)
    rows = tx.execute(query.group_by(alerts.c.place, alerts.c.severity))
    return [(place, severity, int(number)) for place, severity, number in rows]


def open_dangers_by_place(tx: Connection) -> list[tuple[str, Severity, int, bool, bool, bool]]:
    """Place, severity, number, and whether they are not taken, stale, shelved; "" is the place of those without one."""
    shelved, open_ = alerts.c.state == State.SHELVED.value, alerts.c.state == State.OPEN.value
    states = [state.value for state in ACTIVE_STATES]
    key = func.coalesce(alerts.c.place, ""), alerts.c.severity, open_, alerts.c.stale, shelved
    query = select(*key, func.count()).where(alerts.c.state.in_(states), alerts.c.ledger == Ledger.DANGER.value)
    return [
        (place, Severity(severity), int(number), bool(untaken), bool(stale), bool(is_shelved))
        for place, severity, untaken, stale, is_shelved, number in tx.execute(query.group_by(*key))
    ]


def median_detect_to_send_ms(tx: Connection, since: Instant) -> int | None:
    """Median time from opening an alert to its first message accepted by a provider; None without one."""
    first_sent = tx.execute(
        select(func.min(deliveries.c.sent_at) - alerts.c.opened_at)
        .join_from(alert_milestones, alerts, alerts.c.id == alert_milestones.c.alert)
        .join(deliveries, deliveries.c.alert == alerts.c.id)
        .where(
            alert_milestones.c.opened_at >= since,
            alerts.c.exercise.is_(False),
            deliveries.c.sent_at.is_not(None),
            deliveries.c.kind == "alert",
        )
        .group_by(alerts.c.id, alerts.c.opened_at)
    )
    waits = [int(wait) for (wait,) in first_sent]
    return round(median(waits)) if waits else None


DISPOSITION_KEYS: Final = {"rule": alerts.c.rule, "device": alerts.c.device, "place": alerts.c.place}
"""What dispositions are counted by."""


def dispositions(
    tx: Connection, by: str, since: Instant | None, until: Instant | None, places: Collection[str] | None = None
) -> dict[str, dict[str, int]]:
    """Closed alerts opened in `since <= opened_at < until`, counted by rule, device or place and by disposition; None
    of a disposition is the key `""`. Exercises and alerts that were merged into others are not counted."""
    key = DISPOSITION_KEYS[by]
    conditions: list[ColumnElement[bool]] = [
        key.is_not(None),
        alerts.c.exercise.is_(False),
        alerts.c.merged_into.is_(None),
    ]
    conditions.append(alerts.c.state.in_([state.value for state in SETTLED_STATES]))
    if since is not None:
        conditions.append(alerts.c.opened_at >= since)
    if until is not None:
        conditions.append(alerts.c.opened_at < until)
    if places is not None:
        conditions.append(one_of(tx, alerts.c.place, places))
    query = select(key, alerts.c.disposition, func.count()).where(*conditions).group_by(key, alerts.c.disposition)
    counts: dict[str, dict[str, int]] = {}
    for name, disposition, number in tx.execute(query):
        counts.setdefault(name, {})[disposition or ""] = int(number)
    return counts


def closed_of_opened(tx: Connection, since: Instant) -> tuple[int, int]:
    """Closed and all cases opened since an instant, without drills and self-tests (结案率)."""
    opened = alert_milestones.c.opened_at >= since, alerts.c.exercise.is_(False), alerts.c.merged_into.is_(None)
    query = (
        select(func.count().filter(alerts.c.state == State.CLOSED.value), func.count())
        .select_from(join(alert_milestones, alerts, alerts.c.id == alert_milestones.c.alert))
        .where(*opened)
    )
    closed, total = tx.execute(query).one()
    return int(closed), int(total)
