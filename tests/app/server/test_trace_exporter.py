"""Traces of dangers at a real HTTP server that reads them as a collector does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection

from alerts.message import DeliveryState
from app.config.watch_settings import TraceSettings
from app.server.trace_exporter import SETTLED_MS, TraceExporter
from domain import MINUTE, Ledger, Severity
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of
from tests.support.timeouts import LONG_TIMEOUT_S


class Collector:
    """Takes OTLP requests, and refuses them when it is told to."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/json"
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if outer.status == 200:
                    outer.requests.append(body)
                self.send_response(outer.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> list[dict[str, Any]]:
        parts = [
            scope for one in self.requests for resource in one["resourceSpans"] for scope in resource["scopeSpans"]
        ]
        return [span for part in parts for span in part["spans"]]


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "ledger.db"))
    opened.migrate()
    yield opened
    opened.close()


class Clock:
    def __init__(self) -> None:
        self.now = NOW - MINUTE

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def exporter(database: Database) -> AsyncIterator[Callable[[str], tuple[TraceExporter, Clock]]]:
    opened: list[TraceExporter] = []

    def open_exporter(url: str) -> tuple[TraceExporter, Clock]:
        clock = Clock()
        opened.append(TraceExporter(TraceSettings(url=url), database, "urn:town", clock))
        return opened[-1], clock

    yield open_exporter
    for one in opened:
        await one.close()


def seed(tx: Connection) -> None:
    store = SqlAlertStore(tx)
    opened = {"ledger": Ledger.DANGER, "opened_at": NOW, "address": "枫林苑3栋2单元402"}
    leak = store.add_alert(alert_of(finding(), severity=Severity.CRITICAL, **opened)).id
    lesser = store.add_alert(alert_of(finding(), severity=Severity.LOW, **opened)).id
    told = {"state": DeliveryState.DELIVERED, "sent_at": NOW + 300, "receipt_at": NOW + 4000, "provider": "aliyun"}
    store.enqueue(
        [
            delivery_of(leak, 1, NOW, **told),
            delivery_of(leak, 2, NOW, state=DeliveryState.FAILED, code="isv.MOBILE_NUMBER_ILLEGAL"),
            delivery_of(lesser, 3, NOW, **told),
        ]
    )


def seed_one(tx: Connection, at: int) -> None:
    SqlAlertStore(tx).add_alert(alert_of(finding(), severity=Severity.CRITICAL, ledger=Ledger.DANGER, opened_at=at))


async def test_a_critical_danger_is_one_trace_from_its_message_to_the_receipt_without_personal_data(
    database: Database, collector: Collector, exporter: Callable[[str], tuple[TraceExporter, Clock]]
) -> None:
    traces, clock = exporter(collector.url)
    database.write_blocking(seed)
    await traces.export()
    assert collector.requests == []

    clock.now = NOW + SETTLED_MS
    await traces.export()
    await traces.export()
    spans = collector.spans()
    assert [span["name"] for span in spans] == ["danger", "evaluate", "delivery", "receipt", "delivery"]
    root, *parts = spans
    assert {span["traceId"] for span in spans} == {root["traceId"]}
    assert (len(bytes.fromhex(root["traceId"])), len(bytes.fromhex(root["spanId"]))) == (16, 8)
    assert len({span["spanId"] for span in spans}) == len(spans)
    assert "parentSpanId" not in root
    assert {span["parentSpanId"] for span in parts} == {root["spanId"]}
    assert [int(parts[1][end]) - NOW * 10**6 for end in ("startTimeUnixNano", "endTimeUnixNano")] == [0, 300 * 10**6]
    assert int(root["endTimeUnixNano"]) == (NOW + 4000) * 10**6
    assert [span["status"]["code"] for span in spans] == [1, 1, 1, 1, 2]
    text = json.dumps(collector.requests, ensure_ascii=False)
    assert "isv.MOBILE_NUMBER_ILLEGAL" in text
    assert not [one for one in ("王芳", "19900000001", "402", "wang") if one in text.replace("gas-402", "")]
    assert traces.counts == {"sent": 1, "refused": 0, "dropped": 0}


async def test_traces_wait_for_a_collector_that_is_away_up_to_a_limit(
    database: Database, collector: Collector, exporter: Callable[[str], tuple[TraceExporter, Clock]]
) -> None:
    traces, clock = exporter(collector.url)
    database.write_blocking(seed)
    collector.status, clock.now = 503, NOW + SETTLED_MS
    for _ in range(2):
        with pytest.raises(httpx2.HTTPStatusError):
            await traces.export()
    assert traces.counts["sent"] == 0
    collector.status = 200
    await traces.export()
    assert len(collector.spans()) == 5


async def test_beyond_the_limit_the_oldest_traces_are_dropped_and_counted(
    database: Database,
    collector: Collector,
    exporter: Callable[[str], tuple[TraceExporter, Clock]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.server.trace_exporter.QUEUE_MAX", 1)
    traces, clock = exporter(collector.url)
    collector.status = 503
    for number in range(3):
        database.write_blocking(lambda tx, number=number: seed_one(tx, NOW + number))
        clock.now = NOW + number + SETTLED_MS
        with pytest.raises(httpx2.HTTPStatusError):
            await traces.export()
    collector.status = 200
    await traces.export()
    assert [span["name"] for span in collector.spans()] == ["danger", "evaluate"]
    assert (traces.counts["sent"], traces.counts["dropped"]) == (1, 2)


async def test_without_an_address_nothing_runs(exporter: Callable[[str], tuple[TraceExporter, Clock]]) -> None:
    traces, _ = exporter("")
    await traces.run()
    assert list(traces.metrics()) == []


@pytest.mark.parametrize("url", ["http://collector:x/v1/traces", "http://127.0.0.1:99999/v1/traces"])
async def test_a_mistyped_address_does_not_stop_the_service(
    database: Database, exporter: Callable[[str], tuple[TraceExporter, Clock]], url: str
) -> None:
    """The error is none of HTTP: it ended the task, and with it the service, two minutes after a critical danger."""
    await database.write(seed)
    traces, clock = exporter(url)
    clock.now = NOW + SETTLED_MS + 1
    running = asyncio.create_task(traces.run())
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not traces.counts["refused"] and not running.done():
            await asyncio.sleep(0)
    assert (traces.counts["refused"], running.done()) == (1, False)
    running.cancel()
