"""Every finding that a service stored, in order: read to repeat a simulated run from its findings."""

from __future__ import annotations

import msgspec
from msgspec import Struct, structs
from sqlalchemy import Connection, select

from domain import Finding, FindingPhase, Instant, Severity
from store.database.alerts.tables import alert_findings


class StoredFinding(Struct, frozen=True):
    """A finding in one of its phases, and when that was stored."""

    at: Instant
    finding: Finding


def all_findings(tx: Connection) -> list[StoredFinding]:
    """In order of time. Later phases are stored without a body: they have that of the first one."""
    rows = tx.execute(select(alert_findings).order_by(alert_findings.c.heard_at)).all()
    bodies = {row.finding: msgspec.json.decode(row.body, type=Finding) for row in rows if row.body}
    return [
        StoredFinding(row.heard_at, _in_phase(bodies[row.finding], row.phase, row.severity, row.heard_at))
        for row in rows
        if row.finding in bodies
    ]


def _in_phase(began: Finding, phase: str, severity: str, at: Instant) -> Finding:
    if phase == FindingPhase.BEGAN.value:
        return began
    return structs.replace(began, phase=FindingPhase(phase), severity=Severity(severity), at=at, now=at)
