"""Records of findings: each phase once, and which findings are active."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from alerts.ports import FindingRecord
from domain import FindingPhase
from store.database.alerts import findings
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of


def test_a_beginning_is_recorded_once_and_a_change_of_severity_once_per_instant(tx: Connection) -> None:
    alert = SqlAlertStore(tx).add_alert(alert_of(finding())).id
    graded = finding(phase=FindingPhase.GRADED, at=NOW + 1)
    assert findings.finding_record(tx, finding()) == FindingRecord(False, None)
    findings.record_finding(tx, finding(), alert)
    findings.record_finding(tx, graded, alert)
    assert findings.finding_record(tx, finding(at=NOW + 9)) == FindingRecord(True, alert)
    assert findings.finding_record(tx, graded) == FindingRecord(True, alert)
    assert findings.finding_record(tx, replace(graded, at=NOW + 2)) == FindingRecord(False, alert)


def test_a_finding_is_active_until_it_ends_or_is_withdrawn(tx: Connection) -> None:
    alert = SqlAlertStore(tx).add_alert(alert_of(finding())).id
    ids = [f"gas@1/{name}/0" for name in ("first", "second", "third")]
    for number, name in enumerate(ids):
        findings.record_finding(tx, finding(id=name, now=NOW - number), alert)
    findings.record_finding(tx, finding(id=ids[0], phase=FindingPhase.ENDED), alert)
    assert {name for name, _ in findings.active_findings(tx, alert)} == set(ids[1:])
    assert findings.active_finding_ids(tx, "gas@1/") == [ids[2], ids[1]], "oldest first"
    assert findings.active_finding_ids(tx, "gas_") == []
    findings.record_finding(tx, finding(id=ids[1], phase=FindingPhase.WITHDRAWN), alert)
    assert [name for name, _ in findings.active_findings(tx, alert, limit=1)] == [ids[2]]


def test_findings_of_a_period_are_counted_by_rule_with_the_last_and_those_not_ended(tx: Connection) -> None:
    alert = SqlAlertStore(tx).add_alert(alert_of(finding())).id
    names = ("gas@1/first/0", "gas@2/second/0", "fire@1/first/0", "gas@1/old/0")
    for name, heard in zip(names, (NOW, NOW + 5, NOW + 9, NOW - 1), strict=True):
        findings.record_finding(tx, finding(id=name, now=heard), alert)
    findings.record_finding(tx, finding(id=names[0], phase=FindingPhase.ENDED, now=NOW + 20), alert)
    assert sorted(findings.findings_by_rule(tx, NOW), key=lambda item: item.rule) == [
        findings.RuleFindings("fire", 1, NOW + 9, 1),
        findings.RuleFindings("gas", 2, NOW + 5, 1),
    ]
