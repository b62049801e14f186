"""A simulated SMS gateway of a government platform: an HTTP interface of its own, in front of the carriers.

There is no standard for these; the simulator has what their manuals have in common: an access token in a header, JSON
or form fields, the number of the message in the answer (HTTP 200 for refusals too), status reports and replies pushed
in batches with an HMAC-SHA256 of the body, carrier status codes of CMPP 2.0 (`DELIVRD`, `UNDELIV`, `EXPIRED`). A push
that is not answered with `success` is repeated.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain import HOUR, Instant
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.phones import Phones
from simulators.providers.provider_server import ProviderServer

_PUSH_TIMES: Final = 3
_LENGTH_MAX: Final = 500

OK, BAD_TOKEN, BAD_NUMBER, TOO_LONG, TOO_MANY, BAD_SIGN = "0", "1001", "2001", "2002", "3001", "4001"
"""Result codes of the interface."""


class GatewayMessage(Struct):
    """One submitted message. `seq` is the customer's own number of it."""

    msgid: str
    seq: str
    phone: str
    text: str
    at: Instant
    status: str = "DELIVRD"


class SmsGatewayServer(ProviderServer):
    """The gateway on a loopback port: `/api/send` takes JSON or form fields `mobile`, `content`, `seq`.

    `callback_url` receives reports and replies, signed with `signing_key` in `X-Gateway-Signature`. `hold_reports`
    keeps reports back until `release_reports()`.
    """

    def __init__(
        self,
        *,
        token: str,
        sign: str,
        signing_key: str,
        clock: Callable[[], Instant],
        callback_url: str | None = None,
        per_number_per_hour: int = 20,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(Starlette(routes=[Route("/api/send", self._submit, methods=["POST"])]), path="/api/send")
        self.token, self.sign, self.signing_key, self.clock = token, sign, signing_key, clock
        self.callback_url, self.per_number_per_hour, self._sleep = callback_url, per_number_per_hour, sleep
        self.phones = Phones()
        self.messages: list[GatewayMessage] = []
        self.hold_reports = False
        self.push_statuses: list[int] = []
        """HTTP status of every push."""
        self._replies = 0

    async def reply(self, phone: str, text: str) -> None:
        """A person replies."""
        self._replies += 1
        await self._push([{"type": "reply", "moid": f"mo-{self._replies}", "mobile": phone, "content": text}])

    async def release_reports(self) -> None:
        """Push the reports that were kept back, as one batch."""
        self.hold_reports = False
        await self._push([_report(message) for message in self.messages])

    async def _submit(self, request: Request) -> Response:
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return PlainTextResponse("ordered to fail", fault.status)
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.token}"):
            return _answer(BAD_TOKEN, "token invalid")
        fields = _fields(request.headers.get("content-type", ""), await request.body())
        code = fault.code if fault is not None and fault.kind is FaultKind.REJECT else self._refusal(fields)
        if code != OK:
            return _answer(code, "refused")
        message = self._accept(fields, fault)
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.kind is FaultKind.HTTP:
            return PlainTextResponse("ordered to fail", fault.status)
        return _answer(OK, "ok", msgid=message.msgid)

    def _refusal(self, fields: Mapping[str, Any]) -> str:
        phone, text = str(fields.get("mobile") or ""), str(fields.get("content") or "")
        if not re.fullmatch(r"1[3-9]\d{9}", phone):
            return BAD_NUMBER
        if not text.startswith(f"【{self.sign}】"):
            return BAD_SIGN
        if len(text) > _LENGTH_MAX:
            return TOO_LONG
        now = self.clock()
        recent = sum(message.phone == phone and now - message.at < HOUR for message in self.messages)
        return TOO_MANY if recent >= self.per_number_per_hour else OK

    def _accept(self, fields: Mapping[str, Any], fault: Fault | None) -> GatewayMessage:
        failure = fault.code or "UNDELIV" if fault is not None and fault.kind is FaultKind.UNDELIVERED else ""
        message = GatewayMessage(
            msgid=f"{len(self.messages) + 1:020}",
            seq=str(fields.get("seq") or ""),
            phone=str(fields["mobile"]),
            text=str(fields["content"]),
            at=self.clock(),
            status=failure or "DELIVRD",
        )
        self.messages.append(message)
        self._host.start_job(self._deliver(message))
        return message

    async def _deliver(self, message: GatewayMessage) -> None:
        if message.status == "DELIVRD":
            await self.phones.put(message.phone, message.text, self.clock())
        if not self.hold_reports:
            await self._push([_report(message)])

    async def _push(self, items: list[dict[str, str]]) -> None:
        body = json.dumps({"reports": items}, ensure_ascii=False).encode()
        signature = hmac.new(self.signing_key.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Gateway-Signature": signature}
        for _ in range(_PUSH_TIMES if self.callback_url else 0):
            response = await self._callback_client.post(str(self.callback_url), content=body, headers=headers)
            self.push_statuses.append(response.status_code)
            if response.status_code == 200 and response.text == "success":
                return
            await self._sleep(0)


def _report(message: GatewayMessage) -> dict[str, str]:
    return {
        "type": "report",
        "msgid": message.msgid,
        "seq": message.seq,
        "mobile": message.phone,
        "stat": message.status,
    }


def _fields(content_type: str, body: bytes) -> dict[str, Any]:
    """JSON, or form fields; empty for neither."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _answer(code: str, text: str, **more: str) -> JSONResponse:
    return JSONResponse({"result": code, "desc": text, **more})
