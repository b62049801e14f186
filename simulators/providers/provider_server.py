"""What every simulated provider on a port shares: its address, its faults, and a client for calls to its customers."""

from __future__ import annotations

from typing import Self

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request

from simulators.providers.faults import FaultPlan
from simulators.providers.local_server import InProcessServer, LoopbackServer, loopback_client, wait_for_disconnect


class ProviderServer:
    """`async with`: a provider serves between enter and exit. `url` is its endpoint, valid from construction."""

    def __init__(
        self,
        app: Starlette,
        *,
        path: str = "",
        port: int = 0,
        in_process_url: str | None = None,
        client: httpx2.AsyncClient | None = None,
    ) -> None:
        """`in_process_url`: called without a network under this address. `client` calls customers back; without one
        the server opens and closes its own.
        """
        self._host = LoopbackServer(app, port=port) if in_process_url is None else InProcessServer(app, in_process_url)
        self._path, self._client, self._owns_client = path, client, client is None
        self.faults = FaultPlan()

    @property
    def url(self) -> str:
        return f"{self._host.url}{self._path}"

    @property
    def transport(self) -> httpx2.AsyncBaseTransport:
        """How a client reaches the service where it runs in process."""
        assert isinstance(self._host, InProcessServer), "the server listens on a port"
        return self._host.transport

    async def __aenter__(self) -> Self:
        if self._owns_client:
            self._client = loopback_client()
        await self._host.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._host.__aexit__()
        if self._owns_client:
            await self._callback_client.aclose()

    async def wait_until_idle(self) -> None:
        """Wait until all deliveries, calls and pushes are done, but for retries of failed pushes."""
        await self._host.wait_for_jobs()

    @property
    def _callback_client(self) -> httpx2.AsyncClient:
        assert self._client is not None, "the server is not running"
        return self._client

    async def _leave_unanswered(self, request: Request) -> None:
        await wait_for_disconnect(request, self._host.stopping)
