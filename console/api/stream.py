"""`/stream`: server-sent events for the pages. Each reader gets only what he may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from console import messages_zh
from console.api.alerts import item_for
from console.api.devices import seen_places
from console.dependencies import Services
from console.events import LISTENERS, Event
from console.http.authorization import Who, asking
from console.http.openapi import EventStream, described_router
from console.http.problems import Problem
from console.http.requests import Asked
from console.schemas.alerts import AlertItem
from console.schemas.service import Resync, Status
from console.security.auth import Principal
from console.timestamps import encoded, typed

router = described_router(tags=["stream"])

RETRY_MS = 2_000
LINK_STATUS = ("connected", "now")
EVENTS: Final = {"alert": AlertItem, "status": Status, "resync": Resync}
"""What each event of the stream bears."""


@router.get("/stream", summary="Server-sent events: alert, status, resync", response_class=EventStream)
async def stream(request: Request, services: Asked, who: Who) -> Response:
    if services.hub.listeners >= LISTENERS:
        raise Problem(503, messages_zh.TITLES[503], headers={"Retry-After": "5"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_told(request, services, who), media_type="text/event-stream", headers=headers)


async def _told(request: Request, services: Services, who: Principal) -> AsyncIterator[bytes]:
    heartbeat_s: float = request.app.state.heartbeat_s
    clock = asyncio.get_running_loop().time
    listener = services.hub.listen(request.headers.get("last-event-id"))
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        checked_at = clock()
        async for event in listener.events(heartbeat_s):
            if clock() - checked_at >= heartbeat_s:
                # An open stream outlives no session: whoever logged out hears nothing more.
                if await asking(request) is None:
                    return
                checked_at = clock()
            if event is None:
                yield b": still here\n\n"
            elif may_hear(services, who, event):
                yield sse(services, who, event)
    finally:
        services.hub.leave(listener)


def may_hear(services: Services, who: Principal, event: Event) -> bool:
    """A worker's link hears of its alert, a token limited to a place of what lies under it."""
    if event.name != "alert":
        return True
    if who.alert is not None:
        return bool(event.data["id"] == who.alert)
    places = seen_places(services, who, None)
    return places is None or event.data["place"] in places


def _status_for(status: Mapping[str, Any], who: Principal) -> Mapping[str, Any]:
    """The status line is the page's heartbeat; a worker's link is not told who is on duty."""
    return status if who.alert is None else {name: status[name] for name in LINK_STATUS if name in status}


def sse(services: Services, who: Principal, event: Event) -> bytes:
    """One event as it goes over the wire. JSON has no raw newline, so one `data` line is enough."""
    identifier = f"id: {event.id}\n" if event.id else ""
    data = encoded(_view(event, who), services.site.zone).decode()
    return f"{identifier}event: {event.name}\ndata: {data}\n\n".encode()


def _view(event: Event, who: Principal) -> AlertItem | Status | Resync:
    if event.name == "alert":
        return item_for(event.data, who)
    return typed(Status, _status_for(event.data, who)) if event.name == "status" else Resync()
