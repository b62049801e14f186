"""What was recorded of findings: each phase once, the alert it belongs to, and which findings have not ended."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select

from alerts.ports import FindingRecord
from domain import Finding, Phase
from store.database.alerts.tables import alert_findings

FINAL_PHASES: Final = (Phase.ENDED.value, Phase.WITHDRAWN.value)
_ONCE: Final = (Phase.BEGAN, Phase.ENDED, Phase.WITHDRAWN)
_RECORDED = select(alert_findings.c.phase, alert_findings.c.at, alert_findings.c.alert).where(
    alert_findings.c.finding == bindparam("finding")
)


def finding_record(tx: Connection, finding: Finding) -> FindingRecord:
    """Whether this phase was recorded before, and the alert the finding belongs to."""
    rows = tx.execute(_RECORDED, {"finding": finding.id}).all()
    key = _phase_key(finding)
    heard = any(row.phase == key["phase"] and row.at == key["at"] for row in rows)
    return FindingRecord(heard, next((int(row.alert) for row in rows if row.alert is not None), None))


def record_finding(tx: Connection, finding: Finding, alert: int | None) -> None:
    row = {**_phase_key(finding), "alert": alert, "severity": finding.severity.value, "heard_at": finding.now}
    tx.execute(insert(alert_findings), {**row, "device": finding.device})


def active_findings(tx: Connection, alert: int, limit: int | None = None) -> list[tuple[str, str | None]]:
    """Id and device of the findings of an alert that have begun and not ended."""
    mine = alert_findings.c.alert == alert
    ended = select(alert_findings.c.finding).where(mine, alert_findings.c.phase.in_(FINAL_PHASES))
    open_ = select(alert_findings.c.finding, alert_findings.c.device).where(
        mine, alert_findings.c.finding.not_in(ended)
    )
    return [(row.finding, row.device) for row in tx.execute(open_.distinct().limit(limit))]


def active_finding_ids(tx: Connection, prefix: str) -> list[str]:
    """The ids so beginning of findings that have begun and not ended, oldest first."""
    mine = alert_findings.c.finding.startswith(prefix, autoescape=True)
    ended = select(alert_findings.c.finding).where(mine, alert_findings.c.phase.in_(FINAL_PHASES))
    begun = select(alert_findings.c.finding).where(mine, alert_findings.c.finding.not_in(ended))
    found = begun.group_by(alert_findings.c.finding).order_by(func.min(alert_findings.c.heard_at))
    return list(tx.execute(found).scalars())


def _phase_key(finding: Finding) -> dict[str, Any]:
    """Once in a finding's life, or (graded, stale) once at that instant."""
    at = 0 if finding.phase in _ONCE else finding.at
    return {"finding": finding.id, "phase": finding.phase.value, "at": at}
