"""Requests that a server leaves unanswered on purpose: the client's read timeout expires at once.

A real timeout would have to be short, and a short timeout also ends ordinary requests on a loaded machine. Server and
client are in one process here: the server reports that it will not answer, and the client's transport raises what it
raises when the time is over. A client in another process waits for its own read timeout.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Final

import httpx2
from starlette.requests import Request

REQUEST_ID: Final = "x-request-id"
_unanswered: Final[dict[str, asyncio.Event]] = {}
_numbers: Final = itertools.count(1)


def report_unanswered(request: Request) -> None:
    """Ends the wait of the client that sent this request, when it has a `SilenceTransport`."""
    silence = _unanswered.get(request.headers.get(REQUEST_ID, ""))
    if silence is not None:
        silence.set()


class SilenceTransport(httpx2.AsyncHTTPTransport):
    """HTTP over TCP. A request that the server reported as unanswered raises ReadTimeout and closes its connection."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response. Raises what the plain transport raises."""
        number, silence = f"{os.getpid()}-{next(_numbers)}", asyncio.Event()
        request.headers[REQUEST_ID] = number
        _unanswered[number] = silence
        answer = asyncio.create_task(super().handle_async_request(request))
        timeout = asyncio.create_task(silence.wait())
        try:
            await asyncio.wait({answer, timeout}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            raise httpx2.ReadTimeout("the server does not answer this request", request=request)
        finally:
            del _unanswered[number]
            answer.cancel()
            timeout.cancel()
            await asyncio.gather(answer, timeout, return_exceptions=True)
