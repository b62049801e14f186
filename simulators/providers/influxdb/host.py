"""The host of a simulated InfluxDB of any version: listens, counts writes, answers some with a disturbance."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Self

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from domain import Instant
from simulators.providers.local_server import LoopbackServer


class Disturbance(Struct, frozen=True):
    """The next write is answered so, or after `delay_s`. `writes`: it is written all the same."""

    status: int = 0
    message: str = ""
    headers: Mapping[str, str] = {}
    delay_s: float = 0.0
    writes: bool = False


class BrokenOff(Response):
    """Begins an answer and ends without its body: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"1")]})


class SimulatedServer(ABC):
    """One server. `async with`: listens between enter and exit; entered again, it has its data still.

    - `token`: what it demands.
    - `batch_bytes_max`: of a decompressed write; 0: no limit.
    - `breaks_at`: a write that contains it ends with a broken connection, as by a proxy that drops it.
    """

    def __init__(
        self,
        clock: Callable[[], Instant],
        routes: Mapping[str, Any],
        write_path: str,
        *,
        token: str,
        batch_bytes_max: int,
        breaks_at: str,
    ) -> None:
        self._clock, self.token, self.batch_bytes_max, self._breaks_at = clock, token, batch_bytes_max, breaks_at
        self.disturbances: deque[Disturbance] = deque()
        self.writes, self.bytes = 0, 0
        """Write requests so far, and the bytes of their bodies."""
        self._app = Starlette(
            routes=[
                Route(write_path, self._write, methods=["POST"]),
                *(Route(path, answer, methods=["GET", "HEAD", "POST"]) for path, answer in routes.items()),
            ]
        )
        self._host = LoopbackServer(self._app)
        self.url, self._port = self._host.url, self._host.port
        self._ended = False

    @abstractmethod
    def __len__(self) -> int:
        """How many values it has."""

    @abstractmethod
    def put(self, lines: str) -> None:
        """Store lines of another program, without a request."""

    @abstractmethod
    def _answer_write(self, request: Request, body: bytes) -> Response: ...

    @abstractmethod
    def _error(self, status: int, message: str, headers: Mapping[str, str] = {}) -> Response: ...

    async def __aenter__(self) -> Self:
        if self._ended:
            self._host = LoopbackServer(self._app, port=self._port)
        await self._host.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._host.__aexit__(*exc_info)
        self._ended = True

    async def _write(self, request: Request) -> Response:
        self.writes += 1
        body = await request.body()
        self.bytes += len(body)
        disturbance = self.disturbances.popleft() if self.disturbances else None
        if disturbance is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._host.stopping.wait(), disturbance.delay_s)
            if disturbance.status and disturbance.writes:
                self._answer_write(request, body)
            if disturbance.status:
                return self._error(disturbance.status, disturbance.message, disturbance.headers)
        return self._answer_write(request, body)

    def _breaks(self, body: bytes) -> bool:
        return bool(self._breaks_at) and self._breaks_at in gzip.decompress(body).decode()


def decompressed(request: Request, body: bytes) -> bytes:
    """A body without its compression. Raises ValueError."""
    if request.headers.get("content-encoding") != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise ValueError("gzip: invalid header") from None
