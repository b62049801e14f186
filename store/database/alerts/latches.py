"""Which findings, of those that wait for a person, belong to an alert that was dealt with after they began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from store.database.alerts.tables import alert_findings, alerts, timeline

DEALT_WITH: Final = ("resolved", "verified", "closed")
_DEEDS: Final = ("resolve", "verify", "close")
_AT_ONCE: Final = 500


def dealt_with(tx: Connection, findings: Sequence[str]) -> list[tuple[str, int, str]]:
    """The finding, its alert, and who said that it is dealt with. What began after that was not meant."""
    return [(row.finding, row.alert, row.person or "") for row in _rows(tx, findings)]


def _rows(tx: Connection, findings: Sequence[str]) -> Iterator[Any]:
    said = (
        select(timeline.c.alert, func.max(timeline.c.n).label("n"))
        .where(timeline.c.kind.in_(_DEEDS))
        .group_by(timeline.c.alert)
        .subquery()
    )
    for start in range(0, len(findings), _AT_ONCE):
        yield from tx.execute(
            select(alert_findings.c.finding, alert_findings.c.alert, timeline.c.person)
            .join(alerts, and_(alerts.c.id == alert_findings.c.alert, alerts.c.state.in_(DEALT_WITH)))
            .join(said, said.c.alert == alert_findings.c.alert)
            .join(timeline, timeline.c.n == said.c.n)
            .where(
                alert_findings.c.finding.in_(findings[start : start + _AT_ONCE]),
                alert_findings.c.phase == "began",
                alert_findings.c.heard_at <= timeline.c.at,
            )
            .order_by(alert_findings.c.finding)
        )
