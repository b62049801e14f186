"""Latched findings whose alert a person resolved, verified or closed after they began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from store.database.alerts.tables import alert_findings, alerts, timeline

HANDLED_STATES: Final = ("resolved", "verified", "closed")
_HANDLING_ACTIONS: Final = ("resolve", "verify", "close")
_BATCH: Final = 500


def handled_findings(tx: Connection, findings: Sequence[str]) -> list[tuple[str, int, str]]:
    """Finding, alert and the person who handled the alert. Findings recorded after that action are left out."""
    return [(row.finding, row.alert, row.person or "") for row in _rows(tx, findings)]


def _rows(tx: Connection, findings: Sequence[str]) -> Iterator[Any]:
    last_action = (
        select(timeline.c.alert, func.max(timeline.c.n).label("n"))
        .where(timeline.c.kind.in_(_HANDLING_ACTIONS))
        .group_by(timeline.c.alert)
        .subquery()
    )
    for start in range(0, len(findings), _BATCH):
        yield from tx.execute(
            select(alert_findings.c.finding, alert_findings.c.alert, timeline.c.person)
            .join(alerts, and_(alerts.c.id == alert_findings.c.alert, alerts.c.state.in_(HANDLED_STATES)))
            .join(last_action, last_action.c.alert == alert_findings.c.alert)
            .join(timeline, timeline.c.n == last_action.c.n)
            .where(
                alert_findings.c.finding.in_(findings[start : start + _BATCH]),
                alert_findings.c.phase == "began",
                alert_findings.c.heard_at <= timeline.c.at,
            )
            .order_by(alert_findings.c.finding)
        )
