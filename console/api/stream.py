"""`/stream`: server-sent events for the pages. Each user gets only events that they may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from console import messages_zh
from console.api.alerts import asked_to_verify, item_for_user
from console.events import SUBSCRIPTIONS_MAX, EncodedGroup, Event, EventGroup
from console.http.authorization import authenticate
from console.http.openapi import EventStreamResponse, documented_router
from console.http.personal_data import ALERT_FIELDS, personal_reads, record_streamed
from console.http.problems import Problem
from console.http.requests import Deps
from console.http.requirements import CurrentUser
from console.schemas.alerts import AlertItem
from console.schemas.service import Resync, Status
from console.security.auth import Principal
from console.timestamps import encode_json, to_schema
from domain.places import is_below

router = documented_router(tags=["stream"])

RETRY_MS = 2_000
LINK_STATUS_FIELDS = ("connected", "now")
EVENTS: Final = {"alert": AlertItem, "status": Status, "resync": Resync}
"""The schema of each event of the stream."""


@router.get(
    "/stream",
    summary="Server-sent events: alert, status, resync",
    response_class=EventStreamResponse,
    dependencies=[personal_reads(ALERT_FIELDS)],
)
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
        async for group in subscription.groups(heartbeat_s):
            if loop_time() - checked_at >= heartbeat_s:
                # An open stream must not outlive its session, nor the role and the place that it was opened with.
                present = await _present_user(request)
                if present is None:
                    return
                user = present
                checked_at = loop_time()
            if group is None:
                yield b": heartbeat\n\n"
            elif (encoded := encode_group(deps, user, group)).data:
                if encoded.alerts:
                    await record_streamed(deps, user, ALERT_FIELDS, encoded.alerts)
                yield encoded.data
    finally:
        deps.events.unsubscribe(subscription)


async def _present_user(request: Request) -> Principal | None:
    """The user as he is now; None when he may read nothing any more."""
    try:
        return await authenticate(request)
    except Problem:
        return None


def encode_group(deps: Deps, user: Principal, group: EventGroup) -> EncodedGroup:
    """The events of a group that this user may see, as they see them; encoded once for all of the same audience."""
    audience = _audience(user, group)
    encoded = group.encoded.get(audience)
    if encoded is None:
        visible = [event for event in group.events if is_visible(deps, user, event)]
        data = b"".join(encode_event(deps, user, event) for event in visible)
        encoded = group.encoded[audience] = EncodedGroup(data, sum(event.name == "alert" for event in visible))
    return encoded


def _audience(user: Principal, group: EventGroup) -> Hashable:
    """All of a user that `is_visible` and `encode_event` depend on.

    A person who is asked to verify may act on it; the street's verification is offered to no other person, but to a
    login that several share.
    """
    is_asked = user.person is not None and any(user.person in asked_to_verify(event.data) for event in group.events)
    is_shared = user.person is None and any(event.data.get("second_check") for event in group.events)
    return user.role, user.alert, user.place, user.person if is_asked else None, is_shared


def is_visible(deps: Deps, user: Principal, event: Event) -> bool:
    """Whether the user may see an event: a worker's link its alert, a token limited to a place the alerts under it."""
    if event.name != "alert":
        return True
    if user.alert is not None:
        return bool(event.data["id"] == user.alert)
    return user.place is None or is_below(deps.registry.community().places, event.data["place"], user.place)


def _status_for(status: Mapping[str, Any], user: Principal) -> Mapping[str, Any]:
    """The status for this user: a worker's link does not see who is on duty."""
    return status if user.alert is None else {name: status[name] for name in LINK_STATUS_FIELDS if name in status}


def encode_event(deps: Deps, user: Principal, event: Event) -> bytes:
    """One event in the text/event-stream format. JSON has no raw newline, so one `data` line is enough."""
    identifier = f"id: {event.id}\n" if event.id else ""
    data = encode_json(_event_view(deps, event, user), deps.site.zone).decode()
    return f"{identifier}event: {event.name}\ndata: {data}\n\n".encode()


def _event_view(deps: Deps, event: Event, user: Principal) -> AlertItem | Status | Resync:
    if event.name == "alert":
        return item_for_user(deps, event.data, user)
    return to_schema(Status, _status_for(event.data, user)) if event.name == "status" else Resync()
