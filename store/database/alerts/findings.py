"""Recorded findings: each phase once, the alert it belongs to, and which findings have not ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from alerts.ports import FindingRecord, RecordedFinding
from domain import Finding, FindingPhase, Instant
from store.database.alerts.tables import alert_findings
from store.database.sql import begins_with, chunks, position

FINAL_PHASES: Final = (FindingPhase.ENDED.value, FindingPhase.WITHDRAWN.value)
"""A finding with a record of one of these phases is no longer active."""

_encode_finding = msgspec.json.Encoder().encode
_decode_finding = msgspec.json.Decoder(Finding).decode
_ONCE: Final = (FindingPhase.BEGAN, FindingPhase.ENDED, FindingPhase.WITHDRAWN)
_RECORDED = select(alert_findings.c.phase, alert_findings.c.at, alert_findings.c.alert).where(
    alert_findings.c.finding == bindparam("finding")
)

_INSERT = insert(alert_findings)


def finding_record(tx: Connection, finding: Finding) -> FindingRecord:
    """Whether this phase was recorded before, and the alert the finding belongs to."""
    rows = tx.execute(_RECORDED, {"finding": finding.id}).all()
    key = _phase_key(finding)
    recorded = any(row.phase == key["phase"] and row.at == key["at"] for row in rows)
    return FindingRecord(recorded, next((int(row.alert) for row in rows if row.alert is not None), None))


def record_finding(tx: Connection, finding: Finding, alert: int | None) -> None:
    """Insert this phase of a finding, and the alert it belongs to."""
    row = {**_phase_key(finding), "alert": alert, "severity": finding.severity.value, "heard_at": finding.now}
    body = _encode_finding(finding).decode() if finding.phase is FindingPhase.BEGAN else None
    tx.execute(_INSERT, {**row, "device": finding.device, "body": body})


def recorded_findings(tx: Connection, alert: int) -> list[RecordedFinding]:
    """Every finding of an alert with what was recorded when it began, in order of recording."""
    body = func.max(alert_findings.c.body)
    query = select(alert_findings.c.finding, body.label("body")).where(alert_findings.c.alert == alert)
    query = query.group_by(alert_findings.c.finding).order_by(func.min(alert_findings.c.heard_at))
    rows = tx.execute(query.order_by(alert_findings.c.finding))
    return [RecordedFinding(row.finding, None if row.body is None else _decode_finding(row.body)) for row in rows]


def move_findings(tx: Connection, alert: int, into: int, findings: Sequence[str] | None) -> None:
    """All phases of these findings of one alert, or of all of them, belong to another alert from now on."""
    moved = update(alert_findings).where(alert_findings.c.alert == alert).values(alert=into)
    for part in [None] if findings is None else chunks(list(findings)):
        tx.execute(moved if part is None else moved.where(alert_findings.c.finding.in_(part)))


_OF_ALERT: Final = alert_findings.c.alert == bindparam("alert")
_ACTIVE_OF_ALERT: Final = (
    select(alert_findings.c.finding, alert_findings.c.device)
    .where(
        _OF_ALERT,
        alert_findings.c.finding.not_in(
            select(alert_findings.c.finding).where(_OF_ALERT, alert_findings.c.phase.in_(FINAL_PHASES))
        ),
    )
    .distinct()
)


def active_findings(tx: Connection, alert: int, limit: int | None = None) -> list[tuple[str, str | None]]:
    """Id and device of the findings of an alert that have begun and not ended."""
    query = _ACTIVE_OF_ALERT if limit is None else _ACTIVE_OF_ALERT.limit(limit)
    return [(row.finding, row.device) for row in tx.execute(query, {"alert": alert})]


def active_finding_ids(tx: Connection, prefix: str) -> list[str]:
    """Ids with this prefix of findings that have begun and not ended, oldest first."""
    has_prefix = begins_with(alert_findings.c.finding, prefix)
    ended = select(alert_findings.c.finding).where(has_prefix, alert_findings.c.phase.in_(FINAL_PHASES))
    active = select(alert_findings.c.finding).where(has_prefix, alert_findings.c.finding.not_in(ended))
    query = active.group_by(alert_findings.c.finding).order_by(func.min(alert_findings.c.heard_at))
    return list(tx.execute(query).scalars())


def _phase_key(finding: Finding) -> dict[str, Any]:
    """Key of a record: `began`, `ended` and `withdrawn` once per finding, other phases once per instant."""
    at = 0 if finding.phase in _ONCE else finding.at
    return {"finding": finding.id, "phase": finding.phase.value, "at": at}


class RuleFindings(msgspec.Struct, frozen=True):
    """Findings of a rule that began in a period: how many, when the last, and how many of them have not ended."""

    rule: str
    found: int
    last_at: Instant
    active: int


def findings_by_rule(tx: Connection, since: Instant) -> list[RuleFindings]:
    """Findings that began at or after an instant, by the rule in their id (`rule@version/subject/begin`)."""
    columns = alert_findings.c
    rule = func.substr(columns.finding, 1, position(tx, columns.finding, "@") - 1)
    began = (columns.phase == FindingPhase.BEGAN.value) & (columns.heard_at >= since)
    ended = select(columns.finding).where(columns.phase.in_(FINAL_PHASES), columns.heard_at >= since)
    active = func.sum(case((columns.finding.in_(ended), 0), else_=1))
    query = select(rule, func.count(), func.max(columns.heard_at), active).where(began).group_by(rule)
    return [RuleFindings(name, int(found), int(last), int(still)) for name, found, last, still in tx.execute(query)]
