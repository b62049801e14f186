"""Critical dangers with their calls, for traces."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from alerts.alert import Alert
from alerts.message import Delivery, MessageKind
from domain import Instant, Ledger, Severity
from store.database.alerts.rows import alert_of, delivery_of
from store.database.alerts.tables import alert_findings, alerts, deliveries


def critical_dangers(tx: Connection, after: Instant, until: Instant) -> list[tuple[Alert, Instant, list[Delivery]]]:
    """Those with `after < opened_at <= until`: alert, when its first message was received, its first calls."""
    query = select(alerts).where(
        alerts.c.opened_at > after,
        alerts.c.opened_at <= until,
        alerts.c.severity == Severity.CRITICAL.value,
        alerts.c.ledger == Ledger.DANGER.value,
    )
    found = []
    for row in tx.execute(query.order_by(alerts.c.id)):
        received_at = tx.execute(
            select(func.min(alert_findings.c.heard_at)).where(alert_findings.c.alert == row.id)
        ).scalar_one()
        calls = select(deliveries).where(deliveries.c.alert == row.id, deliveries.c.kind == MessageKind.ALERT.value)
        sent = [delivery_of(each) for each in tx.execute(calls.order_by(deliveries.c.n))]
        found.append((alert_of(row), row.opened_at if received_at is None else received_at, sent))
    return found
