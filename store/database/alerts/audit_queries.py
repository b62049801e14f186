"""What the audit looks for beside deadlines: work that nobody was asked for, and messages that no sender takes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, or_, select

from alerts.alert import State
from alerts.message import DeliveryState
from domain import MINUTE, Instant, Ledger
from store.database.alerts.tables import alerts, deliveries

GRACE_MS: Final = 2 * MINUTE


def unverified_alerts(tx: Connection, now: Instant) -> list[int]:
    """Dangers reported as dealt with that have neither a verifier nor a deadline to find one."""
    waiting = alerts.c.state == State.RESOLVED.value, alerts.c.ledger == Ledger.DANGER.value
    forgotten = alerts.c.verifier.is_(None), alerts.c.due_at.is_(None), alerts.c.wake_at.is_(None)
    query = select(alerts.c.id).where(*waiting, *forgotten, alerts.c.state_since < now - GRACE_MS)
    return list(tx.execute(query.order_by(alerts.c.id)).scalars())


def stuck_messages(tx: Connection, now: Instant) -> list[str]:
    """Messages that have been due for two minutes without a sender, or whose sender died without being replaced."""
    due = and_(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.not_before < now - GRACE_MS)
    lost = and_(deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.lease_until < now - GRACE_MS)
    return list(tx.execute(select(deliveries.c.id).where(or_(due, lost)).order_by(deliveries.c.n)).scalars())
