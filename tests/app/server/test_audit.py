"""The audit of open alerts, its heartbeat, and what happens when it stops."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
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


class Checker:
    """An external checker: counts heartbeats, and refuses them when it is told to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def checker() -> Iterator[Checker]:
    one = Checker()
    yield one
    one.server.shutdown()
    one.server.server_close()


def auditor(database: Database, url: str = "", problems: list[Any] | None = None) -> Auditor:
    async def nothing(_now: int) -> list[Any]:
        return []

    desk = SimpleNamespace(audit=nothing, unnotified=nothing, last_audit=AuditResult())
    reports = problems if problems is not None else []
    monitoring = SimpleNamespace(check_audit=lambda since, at: reports.append((since, at)))
    return Auditor(cast("Any", desk), database, cast("Any", monitoring), url, lambda: NOW)


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


async def test_each_audit_tells_the_external_checker_and_a_refused_heartbeat_is_counted(
    database: Database, checker: Checker
) -> None:
    audit = auditor(database, checker.url)
    await audit.run(NOW)
    checker.status = 503
    await audit.run(NOW + MINUTE)
    await audit.close()
    assert checker.paths == ["/ping/secret"] * 2
    assert audit.heartbeats_failed == 1


async def test_an_audit_that_has_not_run_for_three_minutes_is_reported_and_its_return_too(database: Database) -> None:
    problems: list[Any] = []
    audit = auditor(database, problems=problems)
    audit.check(NOW + 2 * MINUTE)
    audit.check(NOW + 4 * MINUTE)
    await audit.run(NOW + 5 * MINUTE)
    audit.check(NOW + 6 * MINUTE)
    assert problems == [(None, NOW + 2 * MINUTE), (NOW, NOW + 4 * MINUTE), (None, NOW + 6 * MINUTE)]
