"""Alerts by their last change, for feeds: a reader of the first page sees every change since the last visit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from domain import Ledger
from store.database.alerts.queries import alert_items
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts
from store.database.sql import Page, one_of, page_of


def list_changed(
    tx: Connection, ledger: Ledger, places: Collection[str] | None, limit: int, after: str | None = None
) -> Page[dict[str, Any]]:
    """Alerts of a ledger, the most recently changed first, without exercises; `places` None: of all places.

    `after` is the cursor of the page before, `<updated_at>.<id>`. An alert that changes while pages are read moves to
    the first page.
    """
    conditions: list[ColumnElement[bool]] = [alerts.c.ledger == ledger.value, alerts.c.exercise.is_(False)]
    if places is not None:
        conditions.append(one_of(tx, alerts.c.place, places))
    if (cursor := _parse_cursor(after)) is not None:
        at, number = cursor
        conditions.append(or_(alerts.c.updated_at < at, and_(alerts.c.updated_at == at, alerts.c.id < number)))
    query = select(alerts).where(*conditions).order_by(alerts.c.updated_at.desc(), alerts.c.id.desc())
    items = alert_items(tx, [alert_of(row) for row in tx.execute(query.limit(limit + 1))])
    return page_of([(f"{item['updated_at']}.{item['id']}", item) for item in items], limit)


def _parse_cursor(text: str | None) -> tuple[int, int] | None:
    at, _, number = (text or "").partition(".")
    return (int(at), int(number)) if at.isdecimal() and number.isdecimal() else None
