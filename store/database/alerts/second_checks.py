"""The street's verification of citizens' reports: as an item of the API, and written into the reports of an alert.

Their table is defined by the package of reports, which builds on this one; only the columns written here are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, column, or_, select, table, update

from alerts.alert import Alert
from alerts.lifecycle.second_check import questions_of
from alerts.message import Delivery
from domain import Instant
from store.database.alerts.tables import alerts

_REPORTS: Final = table("reports", column("alert"), column("street_by"), column("street_at"))


def record(tx: Connection, alert: int, by: str, at: Instant) -> None:
    """The street verified the reports of this alert, and of those merged into it."""
    of_alert = select(alerts.c.id).where(or_(alerts.c.id == alert, alerts.c.merged_into == alert))
    unverified = and_(_REPORTS.c.alert.in_(of_alert), _REPORTS.c.street_at.is_(None))
    tx.execute(update(_REPORTS).where(unverified).values(street_by=by, street_at=at))


def awaited(alert: Alert, messages: Sequence[Delivery]) -> dict[str, Any] | None:
    """The street's verification of a report that is awaited: who was asked, the last one last; else None."""
    check = alert.second_check
    if check is None or not check.is_awaited:
        return None
    names = {row.person: row.name for row in questions_of(alert, messages)}
    asked = [{"id": person, "name": name} for person, name in names.items()]
    return {"asked": asked, "since": check.since, "due_at": check.due_at}
