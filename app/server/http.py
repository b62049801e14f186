"""Serves the application on the HTTP port, and on DIR/control.sock for commands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from app.config.addresses import InvalidAddress, ListenAddress
from app.datadir.control_socket import SOCKET, with_admin_token

STOP_TIMEOUT_S = 3
SOCKET_PATH_MAX = 107
"""Bytes of a socket's path that Linux accepts."""


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: app.server.run handles signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def check_port_free(at: ListenAddress) -> None:
    """Raises InvalidAddress if the port cannot be bound: before a broker is started and stores are opened."""
    try:
        socket.create_server((at.host, at.port), family=socket.AF_INET6 if ":" in at.host else socket.AF_INET).close()
    except OSError as error:
        raise InvalidAddress(
            f"--http {at.host}:{at.port}: cannot listen there ({os.strerror(error.errno or 0)}); name another"
        ) from error


@contextlib.asynccontextmanager
async def serve(
    app: Any, at: ListenAddress, data: Path, token: str, proxies: Sequence[str] = ()
) -> AsyncIterator[None]:
    """Serves while the `with` block runs; listens before it begins. Raises InvalidAddress.

    `X-Forwarded-For` and `X-Forwarded-Proto` are trusted from `proxies` only: any client can send them.
    """
    path = data / SOCKET
    path.unlink(missing_ok=True)
    if len(os.fsencode(path)) > SOCKET_PATH_MAX:
        raise InvalidAddress(
            f"--data {data}: too long a path for {SOCKET} in it; name a shorter folder, or a relative one"
        )
    forwarded = {"proxy_headers": bool(proxies), "forwarded_allow_ips": list(proxies)}
    public = _Server(_config(app, host=at.host, port=at.port, lifespan="on", **forwarded))
    control = _Server(_config(with_admin_token(app, token), uds=str(path), lifespan="off", proxy_headers=False))
    umask = os.umask(0o077)
    tasks = [asyncio.create_task(_run(server)) for server in (public, control)]
    try:
        await _until_listening([public, control], tasks, at)
        os.umask(umask)
        path.chmod(0o600)
        yield
    finally:
        os.umask(umask)
        for server in (control, public):
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        path.unlink(missing_ok=True)


def _config(app: Any, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # the application's responses have the date of the service's clock
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
        **options,
    )


async def _run(server: _Server) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn exits where it cannot listen; we report the address instead
        raise OSError("cannot listen") from error


async def _until_listening(servers: list[_Server], tasks: list[asyncio.Task[None]], at: ListenAddress) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                raise InvalidAddress(f"--http {at.host}:{at.port}: cannot listen there; is the port in use?")
        await asyncio.sleep(0.01)
