"""A 12345 platform on a loopback port, written from its interface document (docs/exchange.md, section 4).

It pushes work orders and states to the community's system, as often as a test asks, and records what it is sent:
reports of states, and cases that are handed over to it. `POST /interface` answers `{"code": 0}`, or code and reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import httpx2
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from domain import Instant
from simulators.providers.faults import FaultKind
from simulators.providers.hotline.signature import is_genuine, signed_headers
from simulators.providers.provider_server import ProviderServer

_BAD_SIGNATURE, _BAD_REPORT, _UNKNOWN_ORDER = 401, 1001, 1002
_BEIJING: Final = timezone(timedelta(hours=8))


class Report(Struct, frozen=True):
    """A state that was reported for an order."""

    order: str
    state: str
    sequence: int
    at: str
    note: str
    attachments: tuple[str, ...] = ()


class HotlineServer(ProviderServer):
    """The platform. `push_url` is where the community's system takes orders, with `token`."""

    def __init__(self, *, secret: str, push_secret: str, clock: Callable[[], Instant]) -> None:
        super().__init__(Starlette(routes=[Route("/interface", self._receive, methods=["POST"])]), path="/interface")
        self.secret, self.push_secret, self.clock = secret, push_secret, clock
        self.push_url, self.token = "", ""
        self.orders: dict[str, dict[str, Any]] = {}
        self.reports: list[Report] = []
        self.handed_over: dict[str, dict[str, Any]] = {}
        """Cases that were handed over to the platform, by the number that it gave them."""
        self.requests = 0
        self.repeated = 0
        self._answers: dict[str, dict[str, Any]] = {}
        self._pushes = 0

    def states_of(self, order: str) -> list[str]:
        """The states that were reported for an order, in order of arrival."""
        return [report.state for report in self.reports if report.order == order]

    async def push_order(self, number: str, *, forged: bool = False, **fields: Any) -> httpx2.Response:
        """Push a work order; pushing it again is what the platform does when it lost the answer."""
        order = {"工单号": number, "受理时间": self._local_time(), **fields}
        self.orders[number] = order
        return await self._post("/cases", order, forged)

    async def push_state(
        self, number: str, state: str, *, at: Instant | None = None, event: str = "", **fields: Any
    ) -> httpx2.Response:
        """Push a change of state; `event` identifies it when it is pushed more than once."""
        body = {"状态": state, "状态时间": self._local_time(at), **fields}
        if event:
            body["事件编号"] = event
        return await self._post(f"/cases/{number}/events", body, False)

    async def _post(self, path: str, body: dict[str, Any], forged: bool) -> httpx2.Response:
        self._pushes += 1
        raw = json.dumps(body, ensure_ascii=False).encode()
        secret = "a secret that somebody made up" if forged else self.push_secret
        headers = signed_headers(secret, f"push-{self._pushes}", raw, self.clock())
        headers |= {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return await self._callback_client.post(self.push_url + path, content=raw, headers=headers)

    async def _receive(self, request: Request) -> Response:
        self.requests += 1
        body = await request.body()
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return PlainTextResponse("ordered to fail", fault.status)
        if fault is not None and fault.kind is FaultKind.REJECT:
            return JSONResponse({"code": int(fault.code), "msg": fault.message})
        answer = self._accept(request, body)
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.accepted:
            return PlainTextResponse("the answer got lost", fault.status)
        return JSONResponse(answer)

    def _accept(self, request: Request, body: bytes) -> dict[str, Any]:
        if not is_genuine(self.secret, request.headers, body, self.clock()):
            return {"code": _BAD_SIGNATURE, "msg": "签名不对"}
        message = request.headers["webhook-id"]
        if message in self._answers:
            self.repeated += 1
            return self._answers[message]
        fields = json.loads(body)
        answer = self._take_over(fields) if "来源编号" in fields else self._take_report(fields)
        if answer["code"] == 0:
            self._answers[message] = answer
        return answer

    def _take_over(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not fields.get("诉求标题") or fields.get("紧急程度") not in ("特急", "紧急", "加急", "一般"):
            return {"code": _BAD_REPORT, "msg": "诉求标题、紧急程度必填"}
        number = f"ZB{len(self.handed_over) + 1:04}"
        self.handed_over[number] = fields
        return {"code": 0, "msg": "ok", "工单号": number}

    def _take_report(self, fields: dict[str, Any]) -> dict[str, Any]:
        number = str(fields.get("工单号"))
        if number not in self.orders and number not in self.handed_over:
            return {"code": _UNKNOWN_ORDER, "msg": f"没有工单 {number}"}
        earlier = [report.sequence for report in self.reports if report.order == number]
        if earlier and fields["序号"] <= max(earlier):
            return {"code": _BAD_REPORT, "msg": "序号倒退"}
        self.reports.append(
            Report(
                number,
                fields["状态"],
                fields["序号"],
                fields["状态时间"],
                fields.get("说明") or "",
                tuple(fields.get("附件") or ()),
            )
        )
        return {"code": 0, "msg": "ok"}

    def _local_time(self, at: Instant | None = None) -> str:
        instant = self.clock() if at is None else at
        return datetime.fromtimestamp(instant / 1000, UTC).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S")
