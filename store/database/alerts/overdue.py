"""Alerts with an overdue step (督办), for the list of supervision."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from store.database.alerts.queries import AlertFilter, alert_items, filter_conditions
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts
from store.database.sql import Page, page_of


def list_overdue(
    tx: Connection, places: Collection[str] | None, limit: int, after: str | None = None
) -> Page[dict[str, Any]]:
    """Alerts with an overdue step, the longest overdue first; `after` is `since-id` of the last item before."""
    query = select(alerts).where(alerts.c.overdue_since.is_not(None), *filter_conditions(tx, AlertFilter(place=places)))
    since, dash, last = (after or "").partition("-")
    if dash and since.isdecimal() and last.isdecimal():
        later = and_(alerts.c.overdue_since == int(since), alerts.c.id > int(last))
        query = query.where(or_(alerts.c.overdue_since > int(since), later))
    rows = [alert_of(row) for row in tx.execute(query.order_by(alerts.c.overdue_since, alerts.c.id).limit(limit + 1))]
    keys = [f"{alert.overdue_since}-{alert.id}" for alert in rows]
    return page_of(list(zip(keys, alert_items(tx, rows), strict=True)), limit)
