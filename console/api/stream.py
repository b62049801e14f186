"""`/stream`: server-sent events for the pages. Each user gets only events that they may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from console import messages_zh
from console.api.alerts import item_for_user
from console.api.devices import visible_places
from console.events import SUBSCRIPTIONS_MAX, Event
from console.http.authorization import CurrentUser, authenticate
from console.http.openapi import EventStreamResponse, documented_router
from console.http.problems import Problem
from console.http.requests import Deps
from console.schemas.alerts import AlertItem
from console.schemas.service import Resync, Status
from console.security.auth import Principal
from console.timestamps import encode_json, to_schema

router = documented_router(tags=["stream"])

RETRY_MS = 2_000
LINK_STATUS_FIELDS = ("connected", "now")
EVENTS: Final = {"alert": AlertItem, "status": Status, "resync": Resync}
"""The schema of each event of the stream."""


@router.get("/stream", summary="Server-sent events: alert, status, resync", response_class=EventStreamResponse)
async def stream(request: Request, deps: Deps, user: CurrentUser) -> Response:
    if deps.events.subscription_count >= SUBSCRIPTIONS_MAX:
        raise Problem(503, messages_zh.TITLES[503], headers={"Retry-After": "5"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_event_stream(request, deps, user), media_type="text/event-stream", headers=headers)


async def _event_stream(request: Request, deps: Deps, user: Principal) -> AsyncIterator[bytes]:
    heartbeat_s: float = request.app.state.heartbeat_s
    loop_time = asyncio.get_running_loop().time
    subscription = deps.events.subscribe(request.headers.get("last-event-id"))
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        checked_at = loop_time()
        async for event in subscription.events(heartbeat_s):
            if loop_time() - checked_at >= heartbeat_s:
                # An open stream must not outlive its session.
                if await authenticate(request) is None:
                    return
                checked_at = loop_time()
            if event is None:
                yield b": heartbeat\n\n"
            elif is_visible(deps, user, event):
                yield encode_event(deps, user, event)
    finally:
        deps.events.unsubscribe(subscription)


def is_visible(deps: Deps, user: Principal, event: Event) -> bool:
    """Whether the user may see an event: a worker's link its alert, a token limited to a place the alerts under it."""
    if event.name != "alert":
        return True
    if user.alert is not None:
        return bool(event.data["id"] == user.alert)
    places = visible_places(deps, user, None)
    return places is None or event.data["place"] in places


def _status_for(status: Mapping[str, Any], user: Principal) -> Mapping[str, Any]:
    """The status for this user: a worker's link does not see who is on duty."""
    return status if user.alert is None else {name: status[name] for name in LINK_STATUS_FIELDS if name in status}


def encode_event(deps: Deps, user: Principal, event: Event) -> bytes:
    """One event in the text/event-stream format. JSON has no raw newline, so one `data` line is enough."""
    identifier = f"id: {event.id}\n" if event.id else ""
    data = encode_json(_event_view(event, user), deps.site.zone).decode()
    return f"{identifier}event: {event.name}\ndata: {data}\n\n".encode()


def _event_view(event: Event, user: Principal) -> AlertItem | Status | Resync:
    if event.name == "alert":
        return item_for_user(event.data, user)
    return to_schema(Status, _status_for(event.data, user)) if event.name == "status" else Resync()
