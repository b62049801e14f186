"""Simulated group robots of WeCom (消息推送): a webhook per group, refused as the provider documents.

Written from the provider's documentation (path 99110): 20 messages a minute and robot, text up to 2048 bytes, markdown
up to 4096 bytes; errors come with HTTP 200.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain import MINUTE, Instant
from simulators.providers.faults import FaultKind
from simulators.providers.provider_server import ProviderServer

MAX_PER_MINUTE: Final = 20
_MAX_BYTES: Final = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
_INVALID_URL, _TOO_OFTEN, _NOT_JSON, _BAD_TYPE, _EMPTY, _TOO_LONG = 93000, 45009, 47001, 40008, 44004, 40058


class GroupMessage(Struct, frozen=True):
    """One message in a group chat. `mentioned` are the members that a text mentions."""

    key: str
    kind: str
    content: str
    at: Instant
    mentioned: tuple[str, ...] = ()


class WeComRobotServer(ProviderServer):
    """The service on a loopback port. `keys` are those of existing robots; `groups` is what their chats show."""

    def __init__(self, *, keys: Collection[str], clock: Callable[[], Instant], port: int = 0) -> None:
        super().__init__(Starlette(routes=[Route("/cgi-bin/webhook/send", self.send, methods=["POST"])]), port=port)
        self.keys, self.clock = set(keys), clock
        self.messages: list[GroupMessage] = []
        self._calls: list[tuple[str, Instant]] = []

    def messages_of(self, key: str) -> list[str]:
        """The texts in the group of one robot, oldest first."""
        return [message.content for message in self.messages if message.key == key]

    async def send(self, request: Request) -> Response:
        """webhook/send."""
        key = request.query_params.get("key", "")
        if key not in self.keys:
            return _answer(_INVALID_URL, "invalid webhook url")
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.REJECT:
            return _answer(int(fault.code), fault.message or "ordered to fail")
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return Response("bad gateway", status_code=fault.status)
        refused = self._refusal(key, await _json(request))
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.kind is FaultKind.HTTP:
            return Response("bad gateway", status_code=fault.status)
        return refused or _answer(0, "ok")

    def _refusal(self, key: str, body: dict[str, Any] | None) -> Response | None:
        """The error of this message; None when it was put into the group."""
        now = self.clock()
        self._calls = [call for call in self._calls if now - call[1] < MINUTE]
        if sum(called == key for called, _ in self._calls) >= MAX_PER_MINUTE:
            return _answer(_TOO_OFTEN, "api freq out of limit")
        self._calls.append((key, now))
        if body is None:
            return _answer(_NOT_JSON, "data format error")
        kind = str(body.get("msgtype"))
        part = body.get(kind)
        if kind not in _MAX_BYTES or not isinstance(part, dict):
            return _answer(_BAD_TYPE, "invalid message type")
        content = part.get("content")
        if not isinstance(content, str) or not content:
            return _answer(_EMPTY, "text is empty")
        if len(content.encode()) > _MAX_BYTES[kind]:
            return _answer(_TOO_LONG, f"{kind}.content exceed max length {_MAX_BYTES[kind]}")
        mentioned = part.get("mentioned_list", []) if kind == "text" else []
        self.messages.append(GroupMessage(key, kind, content, now, tuple(map(str, mentioned))))
        return None


async def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _answer(errcode: int, errmsg: str) -> JSONResponse:
    return JSONResponse({"errcode": errcode, "errmsg": errmsg})
