"""The service ends in order even when a part of it cannot: nothing stays open, the journal says that we stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.config.catalog import load_kinds
from app.config.settings import HistorySettings
from app.datadir.stores import open_stores
from domain import Lane, Reading
from ingest.frame import Frame
from store.errors import CannotWrite
from store.history.remote.spool import Spool
from store.journal import MarkKind, SqliteJournal
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness, running_service


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


class Empty(BaseHTTPRequestHandler):
    """A history server that has nothing yet."""

    def do_GET(self) -> None:
        body = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


async def test_the_history_cannot_be_written_at_the_end_and_journal_and_database_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history server is down, and what waits for it on disk has reached its limit."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    stores = open_stores(
        tmp_path, HistorySettings.model_validate({"type": "victoriametrics", "url": url}), load_kinds()
    )
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(stores.history, "_spool", Spool(tmp_path / "full", 0))
    stores.history.append(Lane.BULK, 1, [Reading("gas-1", "gas_alarm", 1, 1, {"alarm": True}, {})])
    with pytest.raises(CannotWrite):
        await stores.close()
    with pytest.raises(RuntimeError, match="shutdown"):
        await stores.journal.append(Lane.BULK, [Frame("t", b"{}", 1, "bulk")])
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        stores.journal.position()


async def test_processing_hangs_at_the_end_and_the_stop_is_still_marked_in_the_journal(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A history that answers nothing: the last checkpoint never comes back."""
    monkeypatch.setattr("app.server.service.STOP_TIMEOUT_S", 0.05)
    service = harness.service
    service.processing.pipeline.finished.clear()
    monkeypatch.setattr(service.processing.pipeline, "stop", lambda: None)
    await service.stop_intake()
    assert "processing did not stop within 0.05 s" in caplog.text
    await service.close()
    await harness.crash()
    journal = SqliteJournal(harness.data / "journal.db")
    assert journal.marks()[-1].kind is MarkKind.STOPPED
    journal.close()
    monkeypatch.undo()
    await harness.start()
