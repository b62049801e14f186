"""Messages with their event logs: why a person was or was not notified."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from domain import Instant
from store.database.alerts.rows import delivery_of
from store.database.alerts.tables import deliveries, delivery_events
from store.database.sql import chunks


def deliveries_of_alert(tx: Connection, alert_id: str) -> list[dict[str, Any]]:
    """Every message of an alert."""
    return _with_trails(tx, select(deliveries).where(deliveries.c.alert == int(alert_id)))


def trail_of(tx: Connection, delivery: str) -> list[dict[str, Any]]:
    """One message."""
    return _with_trails(tx, select(deliveries).where(deliveries.c.id == delivery))


def deliveries_to_person(tx: Connection, person: str, since: Instant, until: Instant) -> list[dict[str, Any]]:
    """Every message to a person written in a period, both ends included."""
    written = deliveries.c.created_at.between(since, until)
    return _with_trails(tx, select(deliveries).where(written, deliveries.c.person == person))


def _with_trails(tx: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [delivery_of(row) for row in tx.execute(query.order_by(deliveries.c.n))]
    events: dict[str, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for ids in chunks(list(events)):
        steps = select(delivery_events).where(delivery_events.c.delivery.in_(ids)).order_by(delivery_events.c.n)
        for step in tx.execute(steps):
            events[step.delivery].append(
                {"at": step.at, "from": step.from_state, "to": step.to_state, "code": step.code, "detail": step.detail}
            )
    return [
        {
            "id": row.id,
            "alert": row.alert,
            "kind": row.kind.value,
            "person": row.person,
            "name": row.name,
            "role": row.role,
            "rung": row.rung,
            "channel": row.channel,
            "provider": row.provider,
            "state": row.state.value,
            "code": row.code,
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "receipt_at": row.receipt_at,
            "text": row.payload.get("text"),
            "trail": events[row.id],
        }
        for row in rows
    ]
