"""Writes the street's verification into the citizens' reports of an alert.

Their table is defined by the package of reports, which builds on this one; only the columns written here are named.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, column, or_, select, table, update

from domain import Instant
from store.database.alerts.tables import alerts

_REPORTS: Final = table("reports", column("alert"), column("street_by"), column("street_at"))


def record(tx: Connection, alert: int, by: str, at: Instant) -> None:
    """The street verified the reports of this alert, and of those merged into it."""
    of_alert = select(alerts.c.id).where(or_(alerts.c.id == alert, alerts.c.merged_into == alert))
    unverified = and_(_REPORTS.c.alert.in_(of_alert), _REPORTS.c.street_at.is_(None))
    tx.execute(update(_REPORTS).where(unverified).values(street_by=by, street_at=at))
