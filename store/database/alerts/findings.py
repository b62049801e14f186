"""Recorded findings: each phase once, the alert it belongs to, and which findings have not ended."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select

from alerts.ports import FindingRecord
from domain import Finding, FindingPhase
from store.database.alerts.tables import alert_findings

FINAL_PHASES: Final = (FindingPhase.ENDED.value, FindingPhase.WITHDRAWN.value)
"""A finding with a record of one of these phases is no longer active."""

_ONCE: Final = (FindingPhase.BEGAN, FindingPhase.ENDED, FindingPhase.WITHDRAWN)
_RECORDED = select(alert_findings.c.phase, alert_findings.c.at, alert_findings.c.alert).where(
    alert_findings.c.finding == bindparam("finding")
)


def finding_record(tx: Connection, finding: Finding) -> FindingRecord:
    """Whether this phase was recorded before, and the alert the finding belongs to."""
    rows = tx.execute(_RECORDED, {"finding": finding.id}).all()
    key = _phase_key(finding)
    recorded = any(row.phase == key["phase"] and row.at == key["at"] for row in rows)
    return FindingRecord(recorded, next((int(row.alert) for row in rows if row.alert is not None), None))


def record_finding(tx: Connection, finding: Finding, alert: int | None) -> None:
    """Insert this phase of a finding, and the alert it belongs to."""
    row = {**_phase_key(finding), "alert": alert, "severity": finding.severity.value, "heard_at": finding.now}
    tx.execute(insert(alert_findings), {**row, "device": finding.device})


def active_findings(tx: Connection, alert: int, limit: int | None = None) -> list[tuple[str, str | None]]:
    """Id and device of the findings of an alert that have begun and not ended."""
    of_alert = alert_findings.c.alert == alert
    ended = select(alert_findings.c.finding).where(of_alert, alert_findings.c.phase.in_(FINAL_PHASES))
    active = select(alert_findings.c.finding, alert_findings.c.device).where(
        of_alert, alert_findings.c.finding.not_in(ended)
    )
    return [(row.finding, row.device) for row in tx.execute(active.distinct().limit(limit))]


def active_finding_ids(tx: Connection, prefix: str) -> list[str]:
    """Ids with this prefix of findings that have begun and not ended, oldest first."""
    has_prefix = alert_findings.c.finding.startswith(prefix, autoescape=True)
    ended = select(alert_findings.c.finding).where(has_prefix, alert_findings.c.phase.in_(FINAL_PHASES))
    active = select(alert_findings.c.finding).where(has_prefix, alert_findings.c.finding.not_in(ended))
    query = active.group_by(alert_findings.c.finding).order_by(func.min(alert_findings.c.heard_at))
    return list(tx.execute(query).scalars())


def _phase_key(finding: Finding) -> dict[str, Any]:
    """Key of a record: `began`, `ended` and `withdrawn` once per finding, other phases once per instant."""
    at = 0 if finding.phase in _ONCE else finding.at
    return {"finding": finding.id, "phase": finding.phase.value, "at": at}
