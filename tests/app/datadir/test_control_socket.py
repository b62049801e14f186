"""Requests to a service over its control socket."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from app.datadir.control_socket import SOCKET, RequestFailed, ServiceNotRunning, request, upload, with_admin_token


class Handler(BaseHTTPRequestHandler):
    """Answers GET /ok, refuses everything else."""

    def do_GET(self) -> None:
        if self.path == "/ok":
            self._answer(200, {"items": [1]})
        elif self.path == "/text":
            self._answer(502, None)
        else:
            self._answer(422, {"title": "invalid", "errors": [{"field": "id", "detail": "is missing"}]})

    def do_POST(self) -> None:
        self._answer(200, {"received": self.rfile.read(int(self.headers["content-length"])).decode()})

    def _answer(self, status: int, body: Any) -> None:
        payload = b"oops" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def address_string(self) -> str:
        return "control"

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    with socketserver.UnixStreamServer(str(tmp_path / SOCKET), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path
        server.shutdown()


def test_a_request_returns_the_json_answer(data: Path) -> None:
    assert request(data, "GET", "/ok") == {"items": [1]}


def test_a_document_is_sent_as_it_is(data: Path) -> None:
    assert upload(data, "/documents", b"BEGIN:VCALENDAR") == {"received": "BEGIN:VCALENDAR"}


def test_a_refusal_is_the_text_of_the_problem_document(data: Path) -> None:
    with pytest.raises(RequestFailed, match=r"^invalid\n  id: is missing$"):
        request(data, "GET", "/other")
    with pytest.raises(RequestFailed, match="the service answered 502"):
        request(data, "GET", "/text")


def test_a_missing_socket_and_one_left_by_a_killed_service_mean_that_no_service_runs(tmp_path: Path) -> None:
    with pytest.raises(ServiceNotRunning):
        request(tmp_path, "GET", "/ok")
    socketserver.UnixStreamServer(str(tmp_path / SOCKET), Handler).server_close()
    with pytest.raises(ServiceNotRunning):
        request(tmp_path, "GET", "/ok")


async def test_the_socket_adds_the_admin_token_and_drops_what_the_client_sent() -> None:
    scopes = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    headers = [(b"authorization", b"Bearer forged"), (b"accept", b"*/*")]
    await with_admin_token(app, "secret")({"type": "http", "headers": headers}, None, None)  # type: ignore[arg-type]

    assert scopes[0]["headers"] == [(b"accept", b"*/*"), (b"authorization", b"Bearer secret")]
