"""DIR/control.sock: commands send requests to a running service over its HTTP API, without a token.

Only the owner of DIR can open the socket, so the service adds the admin token to each request itself.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import httpx2

from app.errors import UserError

SOCKET = "control.sock"
TIMEOUT_S = 60.0

Asgi = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


class ServiceNotRunning(Exception):
    """No service is running on this data directory. Callers handle it, so it is no UserError."""


class RequestFailed(UserError):
    """The service answered with an error status; the message is the detail of its problem document."""


def with_admin_token(app: Asgi, token: str) -> Asgi:
    """Wraps the application for the control socket: every request carries the admin token."""

    async def serve(
        scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
            scope = {**scope, "headers": [*headers, (b"authorization", f"Bearer {token}".encode())]}
            scope["client"] = ("control", 0)
        await app(scope, receive, send)

    return serve


def request(data: Path, method: str, path: str, body: Any = None, timeout_s: float = TIMEOUT_S) -> Any:
    """Send one request to the service running on DIR and return its JSON answer.

    Raises ServiceNotRunning when no service holds the socket, RequestFailed when it refuses.
    """
    response = _send(data, method, path, body, timeout_s)
    return response.json() if response.content else None


def download(data: Path, path: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """The content of a document of the service running on DIR. Raises like `request`."""
    return _send(data, "GET", path, None, timeout_s).content


def upload(data: Path, path: str, content: bytes, timeout_s: float = TIMEOUT_S) -> Any:
    """Post a document to the service running on DIR and return its JSON answer. Raises like `request`."""
    return _send(data, "POST", path, None, timeout_s, content).json()


def _send(
    data: Path, method: str, path: str, body: Any, timeout_s: float, content: bytes | None = None
) -> httpx2.Response:
    path_of_socket = data / SOCKET
    if not _accepts_connections(path_of_socket):
        raise ServiceNotRunning
    transport = httpx2.HTTPTransport(uds=str(path_of_socket))
    with httpx2.Client(transport=transport, base_url="http://control", timeout=timeout_s) as client:
        try:
            response = client.request(method, path, json=body, content=content)
        except httpx2.ConnectError as error:
            raise ServiceNotRunning from error
    if response.is_success:
        return response
    raise RequestFailed(_problem_text(response))


def _accepts_connections(path: Path) -> bool:
    """Whether a service listens; the file may be left by one that was killed. httpx leaks its socket in that case."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _problem_text(response: httpx2.Response) -> str:
    with contextlib.suppress(ValueError):
        problem = response.json()
        lines = [str(problem.get("detail") or problem.get("title") or response.status_code)]
        lines += [f"  {fault.get('field')}: {fault.get('detail')}" for fault in problem.get("errors", ())]
        return "\n".join(lines)
    return f"the service answered {response.status_code}"
