"""Finds and deletes alerts that were settled long ago, with everything that refers to them.

An alert expires when it is resolved, verified or closed, nothing changed it since the given instant, and none of its
findings is active: an active finding may still raise, recheck or end its alert. Looking is separate from deleting: the
search reads whole tables and runs in a read transaction, so that a new alert waits for the deletion of one batch only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, select

from alerts.alert import SETTLED_STATES
from domain import Instant
from store.database.alerts.findings import FINAL_PHASES
from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.tables import alert_findings, alerts, deliveries, delivery_events, reply_codes, timeline

BATCH: Final = 50
"""Alerts, or findings without an alert, in one transaction: 200 held the write lock for up to 0.28 s on a loaded
machine with 60,000 alerts, so 50 delay a new alert by less than 0.1 s."""

_SETTLED: Final = [state.value for state in SETTLED_STATES]


def expired_alerts(tx: Connection, before: Instant, limit: int = BATCH) -> list[int]:
    """Ids of up to `limit` settled alerts that were last changed before an instant, oldest first."""
    return list(tx.execute(_expired(before).order_by(alerts.c.id).limit(limit)).scalars())


def delete_alerts(
    tx: Connection,
    ids: Sequence[int],
    before: Instant,
    delete_beside: Callable[[Connection, Sequence[int]], None] | None = None,
) -> int:
    """Deletes those of the alerts that are still expired, and their rows in other tables; returns how many.

    `delete_beside` deletes first what other packages keep about them.
    """
    expired = list(tx.execute(_expired(before).where(alerts.c.id.in_(ids))).scalars())
    if delete_beside is not None:
        delete_beside(tx, expired)
    sent = select(deliveries.c.id).where(deliveries.c.alert.in_(expired))
    tx.execute(delete(delivery_events).where(delivery_events.c.delivery.in_(sent)))
    for table in (deliveries, timeline, alert_findings, reply_codes, alert_milestones):
        tx.execute(delete(table).where(table.c.alert.in_(expired)))
    tx.execute(delete(alerts).where(alerts.c.id.in_(expired)))
    return len(expired)


def delete_personal_messages(tx: Connection, before: Instant, limit: int = 20 * BATCH) -> int:
    """Deletes up to `limit` messages to persons written before an instant, and their event logs; returns how many.

    The newest delivery stays: ids are counted up from it.
    """
    newest = select(func.max(deliveries.c.n)).scalar_subquery()
    old = select(deliveries.c.id).where(
        deliveries.c.alert.is_(None), deliveries.c.created_at < before, deliveries.c.n != newest
    )
    ids = list(tx.execute(old.order_by(deliveries.c.n).limit(limit)).scalars())
    tx.execute(delete(delivery_events).where(delivery_events.c.delivery.in_(ids)))
    tx.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids)


def expired_findings(tx: Connection, before: Instant, limit: int = BATCH) -> list[str]:
    """Ids of up to `limit` findings that ended before an instant and belong to no alert."""
    of_alert = alert_findings.alias("of_alert")
    has_alert = select(of_alert.c.finding).where(
        of_alert.c.finding == alert_findings.c.finding, of_alert.c.alert.is_not(None)
    )
    ended = select(alert_findings.c.finding).where(
        alert_findings.c.phase.in_(FINAL_PHASES), alert_findings.c.heard_at < before, ~has_alert.exists()
    )
    return list(tx.execute(ended.distinct().limit(limit)).scalars())


def delete_findings(tx: Connection, ids: Sequence[str]) -> int:
    """Deletes all rows of these findings; returns how many findings that were."""
    tx.execute(delete(alert_findings).where(alert_findings.c.finding.in_(ids)))
    return len(ids)


def _expired(before: Instant) -> Select[Any]:
    ended = alert_findings.alias("ended")
    has_ended = select(ended.c.finding).where(
        ended.c.finding == alert_findings.c.finding, ended.c.phase.in_(FINAL_PHASES)
    )
    is_active = select(alert_findings.c.finding).where(alert_findings.c.alert == alerts.c.id, ~has_ended.exists())
    # Delivery ids are counted up from the newest delivery, so its alert stays.
    newest = select(deliveries.c.alert).order_by(deliveries.c.n.desc()).limit(1).scalar_subquery()
    return select(alerts.c.id).where(
        alerts.c.state.in_(_SETTLED),
        alerts.c.updated_at < before,
        ~is_active.exists(),
        alerts.c.id.is_distinct_from(newest),
    )
