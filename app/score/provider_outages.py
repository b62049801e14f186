"""Requests to providers that fail while a fault of the run has them down."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx2

from domain import Instant
from simulators.faults.people import PeopleFaults


class SometimesDown(httpx2.AsyncBaseTransport):
    """Connections to the providers of a channel; those of one that is down are refused."""

    def __init__(
        self,
        providers: Mapping[str, tuple[str, httpx2.AsyncBaseTransport]],
        faults: PeopleFaults,
        clock: Callable[[], Instant],
    ) -> None:
        """`providers`: name -> host and the connection to it, in the order of the channel."""
        self._names = tuple(providers)
        self._by_host = {host: (name, inner) for name, (host, inner) in providers.items()}
        self._faults, self._clock = faults, clock

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        found = self._by_host.get(request.url.host)
        if found is None:
            raise httpx2.ConnectError(f"no provider has the address {request.url.host}", request=request)
        name, inner = found
        if self._faults.provider_down_until(name, self._names, self._clock()) is not None:
            raise httpx2.ConnectError("the provider is down", request=request)
        return await inner.handle_async_request(request)
