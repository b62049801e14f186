"""An address on a loopback port at which a provider's pushes are read by its channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alerts.channels.channel import Channel, ProviderEvent
from domain import Instant
from simulators.providers.local_server import LoopbackServer


class Pushes(Struct):
    """What arrived at `url`: the events that the channel read, and the status that each push was answered with."""

    url: str
    events: list[ProviderEvent] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@asynccontextmanager
async def pushes_to(channel: Channel, now: Instant) -> AsyncIterator[Pushes]:
    """Listen for the pushes to a channel."""

    async def receive(request: Request) -> Response:
        response = channel.receive(dict(request.headers), dict(request.query_params), await request.body(), now)
        pushes.events.extend(response.events)
        pushes.statuses.append(response.status)
        return Response(response.body, response.status, media_type=response.content_type)

    async with LoopbackServer(Starlette(routes=[Route("/", receive, methods=["GET", "POST"])])) as host:
        pushes = Pushes(host.url)
        yield pushes
