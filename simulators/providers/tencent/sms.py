"""A simulated Tencent Cloud SMS service (2021-01-11): signed calls, limits by number, receipts and replies.

Written from the provider's documentation (facts/notifications.md 1.6): variables by position, a code for every number,
receipts by push (repeated twice) and by pull.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain import SECOND, Instant
from simulators.providers.carrier import Carrier, SubmittedMessage
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.phones import Phones
from simulators.providers.provider_server import ProviderServer
from simulators.providers.tencent.gateway import ApiError, answer, read_call, refused

PROVIDER: Final = "tencent"
IN_PROCESS_URL: Final = "http://sms.tencentcloudapi.simulator"
_VERSION: Final = "2021-01-11"
_BEIJING: Final = timezone(timedelta(hours=8))
_PUSH_TIMES: Final = 3
_PLACE: Final = re.compile(r"\{(\d+)\}")


class TencentSmsServer(ProviderServer):
    """The service on a loopback port. `templates`: id -> text with {1}, {2}.

    `callback_url` receives receipts and replies. `hold_reports` keeps receipts back until `release_reports()`;
    `report_first` pushes the receipt before SendSms answers; `with_context` repeats SessionContext in receipts. With a
    `carrier` it listens on a port only where it `listens`.
    """

    def __init__(
        self,
        *,
        keys: Mapping[str, str],
        app_id: str,
        templates: Mapping[str, str],
        clock: Callable[[], Instant],
        signs: Collection[str],
        callback_url: str | None = None,
        per_number_per_day: int = 2,
        same_content_ms: int = 30 * SECOND,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        carrier: Carrier | None = None,
        listens: bool = False,
    ) -> None:
        super().__init__(
            Starlette(routes=[Route("/", self._call, methods=["POST"])]),
            in_process_url=IN_PROCESS_URL if carrier is not None and not listens else None,
            client=carrier.client if carrier is not None else None,
        )
        self._carrier = carrier
        self.keys, self.app_id, self.templates, self.clock = dict(keys), app_id, dict(templates), clock
        self.signs, self.callback_url, self._sleep = set(signs), callback_url, sleep
        self.per_number_per_day, self.same_content_ms = per_number_per_day, same_content_ms
        self.phones = Phones()
        self.messages: list[SubmittedMessage] = []
        self.in_review: set[str] = set()
        """Signatures and ids of templates that are not approved yet."""
        self.replies: list[dict[str, Any]] = []
        self.hold_reports, self.report_first, self.with_context, self.pulled = False, False, False, False
        self._pull_queue: list[SubmittedMessage] = []

    async def reply(self, phone: str, text: str) -> None:
        """A person replies: pushed, or kept for PullSmsReplyStatus."""
        seconds = self.clock() // SECOND
        if self.pulled:
            self.replies.append(
                {
                    "ExtendCode": "",
                    "CountryCode": "86",
                    "SubscriberNumber": phone,
                    "PhoneNumber": f"+86{phone}",
                    "SignName": "",
                    "ReplyContent": text,
                    "ReplyTime": seconds,
                }
            )
            return
        body = {"extend": "", "mobile": phone, "nationcode": "86", "sign": "", "text": text, "time": seconds}
        await self._push(body)

    async def release_reports(self) -> None:
        """Push the receipts that were kept back."""
        for message in self.messages:
            if message.reported is None:
                await self.report(message)

    async def _call(self, request: Request) -> Response:
        try:
            action, body = await read_call(request, self.keys, "sms", _VERSION, self.clock())
            if action in ("DescribeSmsSignList", "DescribeSmsTemplateList"):
                return self._describe(action, body)
            if body.get("SmsSdkAppId") != self.app_id:
                raise ApiError("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
            if action == "SendSms":
                return await self._send(request, body)
            if action == "PullSmsSendStatus":
                taken, self._pull_queue = self._pull_queue[: body["Limit"]], self._pull_queue[body["Limit"] :]
                return answer(PullSmsSendStatusSet=[self._status(message) for message in taken])
            if action == "PullSmsReplyStatus":
                replies, self.replies = self.replies[: body["Limit"]], self.replies[body["Limit"] :]
                return answer(PullSmsReplyStatusSet=replies)
            if action == "PullSmsSendStatusByPhoneNumber":
                return answer(PullSmsSendStatusSet=self._by_number(body))
            raise ApiError("InvalidAction")
        except ApiError as error:
            return refused(error)

    def _describe(self, action: str, body: Mapping[str, Any]) -> Response:
        """The review states: 0 is approved, 1 in review."""
        if body.get("International") not in (0, 1):
            raise ApiError("MissingParameter")
        if action == "DescribeSmsSignList":
            signs = [
                {"SignId": n, "SignName": name, "StatusCode": self._state(name)} for n, name in enumerate(self.signs)
            ]
            return answer(DescribeSignListStatusSet=signs)
        wanted = [str(one) for one in body.get("TemplateIdSet", [])]
        found = [{"TemplateId": int(one), "StatusCode": self._state(one)} for one in wanted if one in self.templates]
        return answer(DescribeTemplateStatusSet=found)

    def _state(self, name: str) -> int:
        return 1 if name in self.in_review else 0

    async def _send(self, request: Request, body: Mapping[str, Any]) -> Response:
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return Response("bad gateway", fault.status)
        statuses, accepted = list[dict[str, object]](), list[SubmittedMessage]()
        if body.get("SignName") not in self.signs:
            raise ApiError("FailedOperation.SignatureIncorrectOrUnapproved")
        for number in body["PhoneNumberSet"]:
            code = fault.code if fault is not None and fault.kind is FaultKind.REJECT else self._refusal(number, body)
            message = self._submit(number, body, fault) if code == "Ok" else None
            accepted += [message] if message else []
            statuses.append(self._send_status(number, code, body, message))
        await self._deliver_all(accepted)
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        if fault is not None and fault.kind in (FaultKind.HTTP, FaultKind.SILENT):
            return Response("bad gateway", fault.status)
        return answer(SendStatusSet=statuses)

    async def _deliver_all(self, messages: list[SubmittedMessage]) -> None:
        for message in messages:
            if self._carrier is not None:
                self._carrier.accept(message)
            elif self.report_first:
                await self._deliver(message)
            else:
                self._host.start_job(self._deliver(message))

    def _refusal(self, number: str, body: Mapping[str, Any]) -> str:
        template = self.templates.get(str(body.get("TemplateId")))
        if not re.fullmatch(r"\+86\d{11}", number):
            return "InvalidParameterValue.IncorrectPhoneNumber"
        if template is None:
            return "FailedOperation.TemplateIncorrectOrUnapproved"
        if len(set(_PLACE.findall(template))) != len(body.get("TemplateParamSet", [])):
            return "InvalidParameterValue.TemplateParameterFormatError"
        now, phone, text = self.clock(), number.removeprefix("+86"), self._text(body)
        own = [message for message in self.messages if message.phone == phone]
        if any(message.text == text and now - message.at < self.same_content_ms for message in own):
            return "LimitExceeded.PhoneNumberThirtySecondLimit"
        if sum(_day(message.at) == _day(now) for message in own) >= self.per_number_per_day:
            return "LimitExceeded.PhoneNumberDailyLimit"
        return "Ok"

    def _text(self, body: Mapping[str, Any]) -> str:
        params = body.get("TemplateParamSet", [])
        filled = _PLACE.sub(lambda match: str(params[int(match[1]) - 1]), self.templates[str(body["TemplateId"])])
        return f"【{body['SignName']}】{filled}"

    def _submit(self, number: str, body: Mapping[str, Any], fault: Fault | None) -> SubmittedMessage:
        failure = fault.code or "UNDELIV" if fault is not None and fault.kind is FaultKind.UNDELIVERED else None
        message = SubmittedMessage(
            provider=PROVIDER,
            id=f"5000:{self.clock()}{len(self.messages):06}",
            phone=number.removeprefix("+86"),
            sign=str(body["SignName"]),
            template=str(body["TemplateId"]),
            text=self._text(body),
            reference=str(body.get("SessionContext") or ""),
            at=self.clock(),
            failure=failure,
        )
        self.messages.append(message)
        return message

    def _send_status(
        self, number: str, code: str, body: Mapping[str, Any], message: SubmittedMessage | None
    ) -> dict[str, object]:
        return {
            "SerialNo": message.id if message else "",
            "PhoneNumber": number,
            "Fee": 1 if message else 0,
            "SessionContext": body.get("SessionContext", ""),
            "Code": code,
            "Message": "send success" if message else code,
            "IsoCode": "CN",
        }

    async def _deliver(self, message: SubmittedMessage) -> None:
        await self.deliver(message)
        if not self.hold_reports:
            await self.report(message)

    async def deliver(self, message: SubmittedMessage) -> None:
        """What a `carrier` calls once the message has reached the phone, or cannot: the phone shows it."""
        if message.failure is None:
            await self.phones.put(message.phone, message.text, self.clock())

    async def report(self, message: SubmittedMessage) -> None:
        """Push the receipt of a message that was delivered, or keep it to be pulled."""
        message.reported = self.clock()
        if self.pulled:
            self._pull_queue.append(message)
            return
        received = datetime.fromtimestamp(self.clock() / SECOND, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        item = {
            "user_receive_time": received,
            "nationcode": "86",
            "mobile": message.phone,
            "report_status": "FAIL" if message.failure else "SUCCESS",
            "errmsg": message.failure or "DELIVRD",
            "description": "用户短信送达失败" if message.failure else "用户短信送达成功",
            "sid": message.id,
            "ext": message.reference if self.with_context else "",
        }
        await self._push([item])

    async def _push(self, body: object) -> None:
        """Up to three times, until it is answered with result 0."""
        for _ in range(_PUSH_TIMES if self.callback_url else 0):
            try:
                response = await self._callback_client.post(str(self.callback_url), json=body)
                if response.status_code == 200 and response.json() == {"result": 0, "errmsg": "OK"}:
                    return
            except (httpx2.HTTPError, ValueError):
                pass
            await self._sleep(0)

    def _by_number(self, body: Mapping[str, Any]) -> list[dict[str, object]]:
        begin, end = body["BeginTime"] * SECOND, body.get("EndTime", self.clock()) * SECOND
        own = [message for message in self.messages if f"+86{message.phone}" == body["PhoneNumber"]]
        return [self._status(message) for message in own if message.reported is not None and begin <= message.at <= end]

    def _status(self, message: SubmittedMessage) -> dict[str, object]:
        return {
            "UserReceiveTime": self.clock() // SECOND,
            "CountryCode": "86",
            "SubscriberNumber": message.phone,
            "PhoneNumber": f"+86{message.phone}",
            "SerialNo": message.id,
            "ReportStatus": "FAIL" if message.failure else "SUCCESS",
            "Description": message.failure or "DELIVRD",
            "SessionContext": message.reference,
        }


def _day(at: Instant) -> str:
    return datetime.fromtimestamp(at / SECOND, _BEIJING).date().isoformat()
