"""Requests to a provider that fail while a fault of the run has it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx2

from domain import Instant
from simulators.faults.people import PeopleFaults

SMS_PROVIDER: Final = "sms"


class SometimesDown(httpx2.AsyncBaseTransport):
    """Connections to the provider are refused while it is down."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, faults: PeopleFaults, clock: Callable[[], Instant]) -> None:
        self._inner, self._faults, self._clock = inner, faults, clock

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._faults.provider_down_until(SMS_PROVIDER, self._clock()) is not None:
            raise httpx2.ConnectError("the provider is down", request=request)
        return await self._inner.handle_async_request(request)
