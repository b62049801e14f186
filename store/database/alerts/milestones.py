"""When each alert first reached the steps of its handling, kept in the transaction that changes the alert.

The timeline has the same instants in millions of rows; the statistics of a month read one row for each alert.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from alerts.alert import ACTIVE_STATES, Alert, State
from domain import Instant
from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.tables import deliveries

_TAKEN: Final = (State.ACKNOWLEDGED, State.ON_SITE)
_INSERT: Final = insert(alert_milestones)


def open_milestones(tx: Connection, alert: int, opened_at: Instant) -> None:
    """The row of a new alert."""
    tx.execute(_INSERT, {"alert": alert, "opened_at": opened_at})


def reach_milestones(tx: Connection, alert: Alert) -> None:
    """Store when the present state was reached. First times are kept; reopening clears what comes after."""
    if alert.state is State.OPEN and alert.taken_at is None and alert.round == 0:
        return
    row = alert_milestones.c
    values: dict[str, Any] = {}
    if alert.state in _TAKEN:
        values["acknowledged_at"] = func.coalesce(row.acknowledged_at, alert.taken_at or alert.state_since)
        called = select(deliveries.c.role).where(deliveries.c.alert == alert.id, deliveries.c.person == alert.owner)
        values["role"] = func.coalesce(row.role, called.order_by(deliveries.c.n).limit(1).scalar_subquery())
    if alert.state is State.ON_SITE:
        values["arrived_at"] = func.coalesce(row.arrived_at, alert.state_since)
    if alert.state in ACTIVE_STATES:
        values |= {"resolved_at": None, "verified_at": None, "closed_at": None}
    else:
        column = _SETTLED_COLUMN[alert.state]
        values[column] = func.coalesce(row[column], alert.state_since)
    tx.execute(update(alert_milestones).where(row.alert == alert.id).values(**values))


_SETTLED_COLUMN: Final = {
    State.RESOLVED: "resolved_at",
    State.VERIFIED: "verified_at",
    State.CLOSED: "closed_at",
}
