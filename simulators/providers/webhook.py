"""A simulated receiver of webhooks: CloudEvents 1.0 in structured mode, signed as Standard Webhooks 1.0 defines.

Written from the two specifications. A request with a bad signature or an old timestamp is answered 401, a body that is
no event 400, and an event that was received before 200 without being taken again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain import SECOND, Instant
from simulators.providers.faults import FaultKind
from simulators.providers.provider_server import ProviderServer

_TOLERANCE_S: Final = 300
_REQUIRED: Final = ("specversion", "id", "source", "type")


class ReceivedEvent(Struct, frozen=True):
    """One event, with the headers that came with it."""

    event: dict[str, Any]
    headers: dict[str, str]


class WebhookReceiver(ProviderServer):
    """The receiver on a loopback port; its endpoint is `/events`."""

    def __init__(self, *, secret: str, clock: Callable[[], Instant]) -> None:
        super().__init__(Starlette(routes=[Route("/events", self.receive, methods=["POST"])]), path="/events")
        self.secret, self.clock = secret, clock
        self.events: list[ReceivedEvent] = []
        self.requests = 0
        self.answer_headers: dict[str, str] = {}

    async def receive(self, request: Request) -> Response:
        """One request."""
        self.requests += 1
        body = await request.body()
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return PlainTextResponse("ordered to fail", fault.status, headers=self.answer_headers)
        answer = self._take(request, body)
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        return answer

    def _take(self, request: Request, body: bytes) -> Response:
        if not self._is_genuine(request, body):
            return PlainTextResponse("bad signature", 401)
        if not request.headers.get("content-type", "").startswith("application/cloudevents+json"):
            return PlainTextResponse("not a structured event", 415)
        event = json.loads(body)
        if any(not isinstance(event.get(name), str) or not event[name] for name in _REQUIRED):
            return PlainTextResponse("an attribute is missing", 400)
        if all(received.event["id"] != event["id"] for received in self.events):
            self.events.append(ReceivedEvent(event, dict(request.headers)))
        return PlainTextResponse("received")

    def _is_genuine(self, request: Request, body: bytes) -> bool:
        event_id, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp) - self.clock() // SECOND) > _TOLERANCE_S:
            return False
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = b".".join((event_id.encode(), timestamp.encode(), body))
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return wanted in request.headers.get("webhook-signature", "").split(" ")
