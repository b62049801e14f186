"""A server that reports that it will not answer ends the wait of the client at once, whatever its timeout is."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulators.providers import unanswered
from simulators.providers.local_server import LoopbackServer, loopback_client, wait_for_disconnect


async def test_only_the_unanswered_request_times_out_and_the_server_sees_its_connection_closed() -> None:
    opened, closed = asyncio.Event(), asyncio.Event()

    async def hang(request: Request) -> Response:
        await wait_for_disconnect(request, host.stopping)
        closed.set()
        return PlainTextResponse("too late")

    async def answer(_request: Request) -> Response:
        await opened.wait()
        return PlainTextResponse("here")

    host = LoopbackServer(Starlette(routes=[Route("/hang", hang), Route("/answer", answer)]))
    async with host, loopback_client() as client:
        answered = asyncio.create_task(client.get(f"{host.url}/answer"))
        with pytest.raises(httpx2.ReadTimeout, match="does not answer"):
            await client.get(f"{host.url}/hang")
        await closed.wait()
        opened.set()
        assert (await answered).text == "here"
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://127.0.0.1:9/")
    assert unanswered._unanswered == {}


async def test_a_cancelled_request_leaves_nothing_behind() -> None:
    arrived = asyncio.Event()

    async def wait(_request: Request) -> Response:
        arrived.set()
        await host.stopping.wait()
        return Response()

    host = LoopbackServer(Starlette(routes=[Route("/", wait)]))
    async with host, loopback_client() as client:
        asking = asyncio.create_task(client.get(host.url))
        await arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert unanswered._unanswered == {}
