"""Alerts with their milestones as plain rows, for exports."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select

from store.database.alerts.milestone_tables import alert_milestones
from store.database.alerts.queries import AlertFilter, filter_conditions
from store.database.alerts.tables import alerts

_COLUMNS: Final = select(
    *(
        alerts.c[name]
        for name in (
            *("id", "state", "severity", "hazard", "title", "source", "rule", "device", "place", "address"),
            *("started_at", "opened_at", "owner_name", "disposition", "overdue_count", "exercise"),
        )
    ),
    *(
        alert_milestones.c[name]
        for name in ("role", "acknowledged_at", "arrived_at", "resolved_at", "verified_at", "closed_at")
    ),
).join_from(alerts, alert_milestones, alert_milestones.c.alert == alerts.c.id)


def case_rows(tx: Connection, filters: AlertFilter, limit: int, after: int | None = None) -> list[dict[str, Any]]:
    """Up to `limit` alerts, newest first; `after` is the id of the last row of the page before."""
    query = _COLUMNS.where(*filter_conditions(tx, filters))
    if after is not None:
        query = query.where(alerts.c.id < after)
    return [dict(row._mapping) for row in tx.execute(query.order_by(alerts.c.id.desc()).limit(limit))]
