"""The audit of open alerts, who hears of it, and what happens when it stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from alerts.alert import State
from alerts.handling.audit import AuditResult
from alerts.message import DeliveryState
from app.server.audit import Auditor
from domain import HOUR, MINUTE, Ledger, Severity
from store.database.alerts import audit_queries
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    yield opened
    opened.close()


def auditor(database: Database, problems: list[Any] | None = None, reports: list[AuditResult] | None = None) -> Auditor:
    async def nothing(_now: int) -> list[Any]:
        return []

    desk = SimpleNamespace(audit=nothing, unnotified=nothing, last_audit=AuditResult())
    found = problems if problems is not None else []

    async def report(result: AuditResult) -> None:
        if reports is not None:
            reports.append(result)

    monitoring = SimpleNamespace(check_audit=lambda since, at: found.append((since, at)))
    return Auditor(cast("Any", desk), database, cast("Any", monitoring), report, lambda: NOW)


def seed(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    leak = alert_of(finding(), ledger=Ledger.DANGER, severity=Severity.HIGH, state=State.RESOLVED)
    done = store.add_alert(leak).id
    store.enqueue(
        [
            delivery_of(done, 1, NOW),
            delivery_of(done, 2, NOW, state=DeliveryState.SENDING, lease_until=NOW),
            delivery_of(done, 3, NOW + HOUR),
            delivery_of(done, 4, NOW, state=DeliveryState.DELIVERED),
        ]
    )


async def test_a_danger_that_nobody_is_asked_to_verify_and_messages_without_a_sender_are_found(
    database: Database,
) -> None:
    audit = auditor(database)
    assert await audit.run(NOW) == "every open alert has a next step and was told to somebody"
    database.write_blocking(seed)
    found = await audit.run(NOW + 3 * MINUTE)
    assert found == "resolved, and nobody is asked to verify: [1]; messages that no sender takes: ['m1', 'm2']"
    assert audit._desk.last_audit == AuditResult(0, 0, 1, 2, NOW + 3 * MINUTE)
    assert database.write_blocking(lambda tx: audit_queries.unverified_alerts(tx, NOW)) == []


async def test_each_audit_is_reported(database: Database) -> None:
    reports: list[AuditResult] = []
    audit = auditor(database, reports=reports)
    await audit.run(NOW)
    await audit.run(NOW + MINUTE)
    assert reports == [AuditResult(at=NOW), AuditResult(at=NOW + MINUTE)]


async def test_an_audit_that_has_not_run_for_three_minutes_is_reported_and_its_return_too(database: Database) -> None:
    problems: list[Any] = []
    audit = auditor(database, problems=problems)
    audit.check(NOW + 2 * MINUTE)
    audit.check(NOW + 4 * MINUTE)
    await audit.run(NOW + 5 * MINUTE)
    audit.check(NOW + 6 * MINUTE)
    assert problems == [(None, NOW + 2 * MINUTE), (NOW, NOW + 4 * MINUTE), (None, NOW + 6 * MINUTE)]
