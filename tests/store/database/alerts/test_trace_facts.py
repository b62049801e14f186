"""Critical dangers with their first calls, and nothing else."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from alerts.message import MessageKind
from domain import Ledger, Severity
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.trace_facts import critical_dangers
from store.database.database import Database, sqlite_url
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


def seed(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    for severity, ledger in (
        (Severity.CRITICAL, Ledger.DANGER),
        (Severity.HIGH, Ledger.DANGER),
        (Severity.CRITICAL, Ledger.HEALTH),
    ):
        store.add_alert(alert_of(finding(), severity=severity, ledger=ledger, opened_at=NOW))
    store.enqueue([delivery_of(1, 1, NOW), delivery_of(1, 2, NOW, kind=MessageKind.OWNED), delivery_of(2, 3, NOW)])


def test_only_critical_dangers_of_the_period_with_their_calls(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "ledger.db"))
    database.migrate()
    database.write_blocking(seed)
    assert database.write_blocking(lambda tx: critical_dangers(tx, NOW, NOW + 1)) == []
    ((alert, received_at, calls),) = database.write_blocking(lambda tx: critical_dangers(tx, NOW - 1, NOW))
    database.close()
    assert (alert.id, received_at, [call.id for call in calls]) == (1, NOW, ["m1"])
