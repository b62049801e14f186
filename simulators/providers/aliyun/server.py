"""A simulated Aliyun SMS service (dysmsapi 2017-05-25): signed calls, limits, delivery reports and replies.

Written from the provider's documentation (facts/notifications.md 1.5).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, cast

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain import MINUTE, Instant
from simulators.providers.aliyun import signature
from simulators.providers.aliyun.messages import Rejected, render, template_fault
from simulators.providers.aliyun.templates import (
    MessageLog,
    beijing_time,
    detail_item,
    normalise_phone,
    report_item,
    rfc3339,
)
from simulators.providers.carrier import Carrier, SubmittedMessage
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.phones import Phones
from simulators.providers.provider_server import ProviderServer

IN_PROCESS_URL: Final = "http://dysmsapi.simulator"
_VERSION: Final = "2017-05-25"
_PUSH_RETRY_DELAYS_S: Final = (60.0, 300.0, 600.0)
_MAX_NUMBERS_PER_CALL: Final = 1000
_NONCE_LIFETIME_MS: Final = 15 * MINUTE


class AliyunSmsServer(ProviderServer):
    """The service on a loopback port: `async with AliyunSmsServer(...) as server: server.url`.

    `callback_url` receives delivery reports (SmsReport) and, without `uplink_url`, replies (SmsUp); both may be set
    later. `faults` are injected into the next calls. `hold_reports` delays reports until `release_reports()`;
    `report_first` pushes the report before SendSms responds; `report_times` pushes each report that often. With a
    `carrier` it listens on a port only where it `listens`.
    """

    def __init__(
        self,
        *,
        access_keys: Mapping[str, str],
        templates: Mapping[str, str],
        clock: Callable[[], Instant],
        port: int = 0,
        signs: Collection[str] | None = None,
        callback_url: str | None = None,
        uplink_url: str | None = None,
        per_number_per_day: int = 50,
        delivery_s: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        carrier: Carrier | None = None,
        listens: bool = False,
    ) -> None:
        for code, text in templates.items():
            if fault := template_fault(text):
                raise ValueError(f"template {code} would not be filed: {fault}: {text}")
        super().__init__(
            _app(self),
            port=port,
            in_process_url=IN_PROCESS_URL if carrier is not None and not listens else None,
            client=carrier.client if carrier is not None else None,
        )
        self.access_keys, self.templates, self.signs = dict(access_keys), dict(templates), signs
        self.callback_url, self.uplink_url = callback_url, uplink_url
        self.delivery_s, self.clock, self._sleep = delivery_s, clock, sleep
        self.phones = Phones()
        self.messages = MessageLog(per_number_per_day)
        self.in_review: set[str] = set()
        """Signatures and templates that are not approved yet."""
        self.hold_reports, self.report_first, self.report_times = False, False, 1
        self._held, self._nonces = deque[SubmittedMessage](), dict[str, Instant]()
        self._sequence, self._carrier = 1_234_567_890, carrier

    # Actions of a test or a person

    async def reply(self, phone: str, text: str) -> None:
        """Reply by SMS from this phone: pushed now, and again later when the push fails."""
        self._sequence += 1
        item = {
            "phone_number": phone,
            "content": text,
            "send_time": beijing_time(self.clock()),
            "dest_code": "10690000123",
            "sequence_id": self._sequence,
        }
        await self._push(self.uplink_url or self.callback_url, [item])

    async def release_reports(self) -> None:
        """Push the held reports."""
        while self._held:
            await self.report(self._held.popleft())

    async def deliver(self, message: SubmittedMessage) -> None:
        """What a `carrier` calls once the message has reached the phone, or cannot: the phone shows it."""
        message.reported = self.clock()
        if message.failure is None:
            await self.phones.put(message.phone, message.text, message.reported)

    # The API gateway

    async def call(self, request: Request) -> Response:
        """One API call."""
        body = await request.body()
        try:
            received = signature.Request(
                request.method,
                request.url.path,
                tuple(request.query_params.multi_items()),
                {name.lower(): value for name, value in request.headers.items()},
                body,
            )
            signature.authenticate(received, self.access_keys, self.clock())
            self._use_nonce(received.headers["x-acs-signature-nonce"])
            return await self._dispatch(request, dict(received.query))
        except signature.Denied as denied:
            return _denied(denied)
        except Rejected as rejected:
            return _response(rejected.code, rejected.message)

    async def _dispatch(self, request: Request, query: dict[str, str]) -> Response:
        if request.headers["x-acs-version"] != _VERSION:
            raise signature.Denied(404, "InvalidVersion", "Specified parameter Version is not valid.")
        action = request.headers["x-acs-action"]
        if action == "SendSms":
            return await self._send(request, query)
        if action == "QuerySendDetails":
            return self._query(query)
        if action in ("QuerySmsSign", "QuerySmsTemplate"):
            return self._describe(action, query)
        raise signature.Denied(404, "InvalidAction.NotFound", "Specified api is not found.")

    def _use_nonce(self, nonce: str) -> None:
        now = self.clock()
        while self._nonces and now - next(iter(self._nonces.values())) >= _NONCE_LIFETIME_MS:
            self._nonces.pop(next(iter(self._nonces)))
        if nonce in self._nonces:
            raise signature.Denied(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[nonce] = now

    async def _send(self, request: Request, query: dict[str, str]) -> Response:
        messages = self._accept(query, fault := self.faults.next())
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.kind in (FaultKind.HTTP, FaultKind.SILENT):
            return Response("service unavailable", status_code=fault.status)
        if self.report_first:
            for message in messages:
                await self._deliver(message)
        return _response("OK", "OK", BizId=messages[0].id)

    def _accept(self, query: dict[str, str], fault: Fault | None) -> list[SubmittedMessage]:
        """The messages passed to the carrier; the fault may reject or drop them."""
        text, phones = self._check(query)
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise Rejected(fault.code, fault.message or fault.code)
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return []
        failure = fault.code or "MK:0004" if fault is not None and fault.kind is FaultKind.UNDELIVERED else None
        now = self.clock()
        accepted = self.messages.submit(
            phones, query["SignName"], query["TemplateCode"], text, query.get("OutId", ""), failure, now
        )
        if not self.report_first:
            for message in accepted:
                self._hand_over(message)
        return accepted

    def _check(self, query: dict[str, str]) -> tuple[str, list[str]]:
        for name in ("PhoneNumbers", "SignName", "TemplateCode"):
            if not query.get(name):
                raise signature.Denied(400, f"Missing{name}", f"{name} is mandatory for this action.")
        if self.signs is not None and query["SignName"] not in self.signs:
            raise Rejected("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        template = self.templates.get(query["TemplateCode"])
        if template is None:
            raise Rejected("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        if len(query.get("OutId", "")) >= 256:
            raise Rejected("isv.PARAM_LENGTH_LIMIT", "OutId 超出长度限制")
        phones = [normalise_phone(number) for number in query["PhoneNumbers"].split(",")]
        if len(phones) > _MAX_NUMBERS_PER_CALL:
            raise Rejected("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
        return f"【{query['SignName']}】" + render(template, query.get("TemplateParam", "")), phones

    def _describe(self, action: str, query: dict[str, str]) -> Response:
        """QuerySmsSign, QuerySmsTemplate: 1 is approved; what is in `in_review` is 0."""
        if action == "QuerySmsSign":
            name, known, code = query.get("SignName", ""), self.signs, "isv.SMS_SIGNATURE_ILLEGAL"
        else:
            name, known, code = query.get("TemplateCode", ""), self.templates, "isv.SMS_TEMPLATE_ILLEGAL"
        if known is not None and name not in known:
            raise Rejected(code, "该账号下找不到对应签名或模板")
        status = {action.removeprefix("QuerySms") + "Status": 0 if name in self.in_review else 1}
        return JSONResponse({"Code": "OK", "Message": "OK", "RequestId": "0", **status})

    def _query(self, query: dict[str, str]) -> Response:
        page, total = self.messages.details(query, self.clock())
        return _response(
            "OK",
            "OK",
            TotalCount=total,
            SmsSendDetailDTOs={"SmsSendDetailDTO": [detail_item(message) for message in page]},
        )

    # The carrier

    def _hand_over(self, message: SubmittedMessage) -> None:
        if self._carrier is not None:
            self._carrier.accept(message)
        else:
            self._host.start_job(self._deliver(message))

    async def _deliver(self, message: SubmittedMessage) -> None:
        if self.delivery_s:
            await self._sleep(self.delivery_s)
        await self.deliver(message)
        if self.hold_reports:
            self._held.append(message)
        else:
            await self.report(message)

    async def report(self, message: SubmittedMessage) -> None:
        """Push the delivery report of a message that was delivered."""
        for _ in range(self.report_times):
            await self._push(self.callback_url, [report_item(message)])

    async def _push(self, url: str | None, items: Sequence[Mapping[str, object]]) -> None:
        """Push now, and after a failure again in the background after 1, 5 and 10 minutes."""
        if url is not None and not await self._try_push(url, items):
            self._host.start_job(self._retry_push(url, items), background=True)

    async def _retry_push(self, url: str, items: Sequence[Mapping[str, object]]) -> None:
        for wait_s in _PUSH_RETRY_DELAYS_S:
            await self._sleep(wait_s)
            if await self._try_push(url, items):
                return

    async def _try_push(self, url: str, items: Sequence[Mapping[str, object]]) -> bool:
        try:
            response = await self._callback_client.post(url, json=items)
            return response.status_code == 200 and response.json().get("code") == 0
        except (httpx2.HTTPError, ValueError, AttributeError):
            return False


def _response(code: str, message: str, **more: object) -> JSONResponse:
    return JSONResponse({"Code": code, "Message": message, "RequestId": "CC3BB6D2-0000-0000-0000-000000000000", **more})


def _denied(denied: signature.Denied) -> JSONResponse:
    body = {
        "Code": denied.code,
        "Message": denied.message,
        "RequestId": "CC3BB6D2-0000-0000-0000-000000000000",
        "HostId": "dysmsapi.aliyuncs.com",
        "Recommend": "https://api.aliyun.com/troubleshoot",
    }
    return JSONResponse(body, status_code=denied.status)


def _app(server: AliyunSmsServer) -> Starlette:
    async def call(request: Request) -> Response:
        return await server.call(request)

    async def phones(request: Request) -> Response:
        before = request.query_params.get("cursor")
        limit = min(max(int(request.query_params.get("limit", "100")), 1), 1000)
        page, next_before = server.phones.page(limit, int(before) if before else None)
        items = [{"phone": text.phone, "text": text.text, "at": rfc3339(text.at)} for text in page]
        return JSONResponse({"items": items, "next": None if next_before is None else str(next_before)})

    async def reply(request: Request) -> Response:
        body = cast("dict[str, Any]", await request.json())
        await server.reply(request.path_params["phone"], str(body["text"]))
        return JSONResponse({"code": 0})

    return Starlette(
        routes=[
            Route("/", call, methods=["GET", "POST"]),
            Route("/demo/phones", phones),
            Route("/demo/phones/{phone}/reply", reply, methods=["POST"]),
        ]
    )
