"""An HTTP server on a loopback port, inside the caller's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Coroutine, Iterator
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from uvicorn import Config, Server

from simulators.providers.unanswered import SilenceTransport, report_unanswered

_STOP_WITHIN_S = 3
_BACKLOG = 256
_TIMEOUT_S = 60.0
"""Longer than a loaded machine takes for any request: only a server's silence ends one (unanswered.py)."""


def loopback_client() -> httpx2.AsyncClient:
    """An HTTP client for servers on this machine, without certificate authorities: loading them takes 30 ms. A request
    that a server of this process leaves unanswered raises ReadTimeout at once."""
    transport = SilenceTransport(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return httpx2.AsyncClient(timeout=_TIMEOUT_S, trust_env=False, transport=transport)


class _QuietServer(Server):
    """Uvicorn without signal handlers, with an event that is set when it listens."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.listening, self.stop = asyncio.Event(), asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        """Wait for `stop`; the loop of uvicorn would poll every 0.1 s."""
        await self.stop.wait()


class LoopbackServer:
    """`async with`: listens between enter and exit. `url` is valid from construction."""

    def __init__(self, app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{host}:{self.port}"
        self.stopping = asyncio.Event()
        self._app = app
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[Any]] = set()
        self._background_jobs: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> LoopbackServer:
        config = Config(
            self._app,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            date_header=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_STOP_WITHIN_S,
        )
        self._server = _QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({listening, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        return self

    def start_job(self, work: Coroutine[Any, Any, None], *, background: bool = False) -> None:
        """Run a task beside the requests; it is cancelled when the server stops. `wait_for_jobs` ignores `background`
        ones."""
        jobs = self._background_jobs if background else self._jobs
        job = asyncio.create_task(work)
        jobs.add(job)
        job.add_done_callback(jobs.discard)

    async def wait_for_jobs(self) -> None:
        """Wait until all jobs but the background ones are done."""
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=True)

    async def __aexit__(self, *_: object) -> None:
        # Ends requests that are left unanswered on purpose; the shutdown would wait for them.
        self.stopping.set()
        jobs = self._jobs | self._background_jobs
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        if self._server is not None and self._serving is not None:
            self._server.stop.set()
            await self._serving
        self._socket.close()


class InProcessServer:
    """An application that is called without a network, by a client with `transport`. `url` has no port that listens."""

    def __init__(self, app: Starlette, url: str) -> None:
        self.url, self.stopping = url, asyncio.Event()
        self.transport = httpx2.ASGITransport(app=app)
        self._jobs: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> InProcessServer:
        return self

    def start_job(self, work: Coroutine[Any, Any, None], *, background: bool = False) -> None:
        """Run a task beside the requests; it is cancelled when the server stops."""
        del background
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def wait_for_jobs(self) -> None:
        """Wait until all jobs are done."""
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=True)

    async def __aexit__(self, *_: object) -> None:
        self.stopping.set()
        for job in list(self._jobs):
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)


async def wait_for_disconnect(request: Request, stopping: asyncio.Event) -> None:
    """Leave a request unanswered until the client disconnects or the server stops."""
    report_unanswered(request)

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    waits = [asyncio.create_task(disconnected()), asyncio.create_task(_wait(stopping))]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
