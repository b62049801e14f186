"""Findings whose alert a person resolved, verified or closed after they began: what is latched of them is reset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, and_, func, select

from store.database.alerts.findings import FINAL_PHASES, active_finding_ids
from store.database.alerts.tables import alert_findings, alerts, timeline

HANDLED_STATES: Final = ("resolved", "verified", "closed")
_HANDLING_ACTIONS: Final = ("resolve", "verify", "close")
_BATCH: Final = 500


def handled_findings(tx: Connection, findings: Sequence[str]) -> list[tuple[str, int, str]]:
    """Finding, alert and the person who handled the alert. Findings recorded after that action are left out."""
    return [(row.finding, row.alert, row.person or "") for row in _rows(tx, findings)]


class ActiveFinding(Struct, frozen=True):
    """A finding that has begun and not ended, and its device; None for a group."""

    finding: str
    device: str | None


def active_in_settled_alerts(tx: Connection, among: Sequence[int] | None = None) -> list[ActiveFinding]:
    """The active findings of these alerts, or of all, that people have settled."""
    over = alert_findings.alias("over")
    has_ended = select(over.c.finding).where(over.c.finding == alert_findings.c.finding, over.c.phase.in_(FINAL_PHASES))
    query = (
        select(alert_findings.c.finding, alert_findings.c.device)
        .join(alerts, and_(alerts.c.id == alert_findings.c.alert, alerts.c.state.in_(HANDLED_STATES)))
        .where(alert_findings.c.phase == "began", ~has_ended.exists())
        .order_by(alert_findings.c.finding)
    )
    parts = [None] if among is None else [among[start : start + _BATCH] for start in range(0, len(among), _BATCH)]
    return [
        ActiveFinding(*row)
        for part in parts
        for row in tx.execute(query if part is None else query.where(alerts.c.id.in_(part)))
    ]


def active_of_rule(tx: Connection, rule: str) -> list[ActiveFinding]:
    """The active findings of a rule, settled or not."""
    ids = active_finding_ids(tx, f"{rule}@")
    began = select(alert_findings.c.finding, alert_findings.c.device).where(alert_findings.c.phase == "began")
    return [
        ActiveFinding(*row)
        for start in range(0, len(ids), _BATCH)
        for row in tx.execute(began.where(alert_findings.c.finding.in_(ids[start : start + _BATCH])))
    ]


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
