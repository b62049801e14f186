"""Alerts of people who consented to an export, in the order of their last change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, or_, select

from alerts.exchange.care import care_event, care_person
from domain import Instant, Ledger
from domain.people import Community
from store.database.alerts.rows import alert_of
from store.database.alerts.tables import alerts
from store.database.registry.devices import get_device
from store.database.sql import Page

SCANNED_MAX = 5_000
"""Alerts that one page may look at: most alerts of a site are of no one who consented."""


def list_care_events(
    tx: Connection, community: Community, since: Instant, limit: int, after: str | None = None
) -> Page[dict[str, Any]]:
    """Events changed at or after an instant, oldest change first; `after` is the cursor of the page before.

    A page may be short, or empty, and still have a next one.
    """
    at, _, number = (after or "").partition(".")
    cursor = (int(at), int(number)) if at.isdecimal() and number.isdecimal() else (since, 0)
    later = or_(alerts.c.updated_at > cursor[0], and_(alerts.c.updated_at == cursor[0], alerts.c.id > cursor[1]))
    of_people = alerts.c.ledger == Ledger.DANGER.value, alerts.c.hazard == "person", alerts.c.updated_at >= since
    query = select(alerts).where(*of_people, later).order_by(alerts.c.updated_at, alerts.c.id).limit(SCANNED_MAX)
    rows = [alert_of(row) for row in tx.execute(query)]
    names = {row.device for row in rows if row.device is not None}
    devices = {name: device for name in names if (device := get_device(tx, name)) is not None}
    items: list[dict[str, Any]] = []
    for scanned, row in enumerate(rows, 1):
        person = care_person(community, row, devices.get(row.device or ""))
        if person is not None:
            items.append(care_event(row, person))
        if len(items) == limit and scanned < len(rows):
            return Page(tuple(items), f"{row.updated_at}.{row.id}")
    full = len(rows) == SCANNED_MAX
    return Page(tuple(items), f"{rows[-1].updated_at}.{rows[-1].id}" if full else None)
