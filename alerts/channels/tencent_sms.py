"""Tencent Cloud SMS (2021-01-11). Success is Code Ok of the number, never HTTP 200; Ok means accepted, not delivered.

Sending is not idempotent, and a number's receipts show only messages that have arrived or failed: one in doubt that is
not among them may still be on its way, so it is never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct, field

from alerts.channels.channel import (
    CallbackResponse,
    DeliveryReport,
    InboundText,
    LookupResult,
    LookupStatus,
    ProviderEvent,
    SendOutcome,
    SendResult,
)
from alerts.channels.payloads import filed
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.channels.sms_preflight import tencent_faults
from alerts.channels.tencent_api import (
    PUSH_ANSWER,
    TencentAccount,
    TencentApi,
    classify,
    e164,
    error_code,
    problem_of,
)
from alerts.channels.transport import failed_exchange
from alerts.message import Delivery
from alerts.reply_parsing.codes import normalize_phone
from domain import HOUR, SECOND, Instant
from domain.recipients import is_phone

BASE_URL: Final = "https://sms.tencentcloudapi.com"
VERSION: Final = "2021-01-11"
NO_TEMPLATE: Final = "no template id"
_PULLED_AT_ONCE: Final = 100
_LARGEST_PUSH_BYTES: Final = 256 * 1024


class TencentSmsSettings(Struct, frozen=True):
    """One SMS application. `templates`: name of a text, or name.severity -> id of the approved template."""

    account: TencentAccount
    app_id: str
    sign_name: str
    templates: Mapping[str, str] = field(default_factory=dict)
    fallback_template: str = ""


class TencentSms:
    """A provider of the channel `sms`."""

    name = "tencent"
    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: TencentSmsSettings) -> None:
        self._settings = settings
        self._api = TencentApi(client, settings.account, "sms", VERSION)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One number per call: its own SerialNo, its own code. Variables are sent by position."""
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        message = filed(delivery, self._settings.templates, self._settings.fallback_template)
        if not message.template:
            return SendResult(SendOutcome.TEMPLATE, code=NO_TEMPLATE)
        body = {
            "PhoneNumberSet": [e164(delivery.address)],
            "SmsSdkAppId": self._settings.app_id,
            "SignName": self._settings.sign_name,
            "TemplateId": message.template,
            "TemplateParamSet": list(message.params.values()),
            "SessionContext": delivery.id,
        }
        try:
            answer = await self._api.call("SendSms", body, now)
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        return _send_result(answer)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """Find our SessionContext or SerialNo among the receipts of this number; absence proves nothing."""
        body = {
            "SmsSdkAppId": self._settings.app_id,
            "PhoneNumber": e164(delivery.address),
            "BeginTime": (delivery.created_at - HOUR) // SECOND,
            "EndTime": now // SECOND + 1,
            "Offset": 0,
            "Limit": _PULLED_AT_ONCE,
        }
        try:
            answer = await self._api.call("PullSmsSendStatusByPhoneNumber", body, now)
        except httpx2.HTTPError as error:
            return LookupResult(LookupStatus.UNDETERMINED, code=type(error).__name__)
        for item in _items(answer, "PullSmsSendStatusSet"):
            if item.get("SessionContext") == delivery.id or (
                delivery.provider_id and item.get("SerialNo") == delivery.provider_id
            ):
                success = item.get("ReportStatus") == "SUCCESS"
                status = LookupStatus.DELIVERED if success else LookupStatus.FAILED
                return LookupResult(status, str(item.get("SerialNo") or ""), str(item.get("Description") or ""))
        return LookupResult(LookupStatus.UNDETERMINED, code=error_code(answer) or "no receipt yet")

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """Pushed receipts (a list) and replies (one object). They are unsigned; the secret is in the URL path."""
        del headers, query
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        try:
            pushed = msgspec.json.decode(body, type=list[dict[str, Any]] | dict[str, Any])
        except msgspec.DecodeError:
            return CallbackResponse(400)
        items = pushed if isinstance(pushed, list) else [pushed]
        events = tuple(event for item in items if (event := _event(item, now)) is not None)
        return CallbackResponse(200, PUSH_ANSWER, "application/json", events)

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether signature and templates are approved; nothing is sent."""

        async def call(action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
            return await self._api.call(action, body, now)

        own = {*self._settings.templates.values(), self._settings.fallback_template} - {""}
        return await tencent_faults(call, self._settings.sign_name, own if scope.templates else ())

    async def poll(self, now: Instant) -> Sequence[ProviderEvent]:
        """Fetch receipts and replies: each is handed out once, so what is fetched and then lost in a crash is lost."""
        events: list[ProviderEvent] = []
        for action, name in (
            ("PullSmsReplyStatus", "PullSmsReplyStatusSet"),
            ("PullSmsSendStatus", "PullSmsSendStatusSet"),
        ):
            body = {"SmsSdkAppId": self._settings.app_id, "Limit": _PULLED_AT_ONCE}
            try:
                answer = await self._api.call(action, body, now)
            except httpx2.HTTPError:
                continue
            events += [event for item in _items(answer, name) if (event := _pulled(item, now)) is not None]
        return events


def _send_result(answer: Mapping[str, Any]) -> SendResult:
    """The error of the whole call, else the code of the one number in it."""
    code = error_code(answer)
    if code:
        return SendResult(classify(code), code=code, problem=problem_of(code))
    status = next(iter(_items(answer, "SendStatusSet")), {})
    code, serial = str(status.get("Code") or ""), status.get("SerialNo")
    accepted = classify(code) is SendOutcome.ACCEPTED
    provider_id = str(serial) if accepted and serial else None
    return SendResult(classify(code), provider_id=provider_id, code=code, problem=problem_of(code))


def _items(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = answer.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _event(item: Mapping[str, Any], now: Instant) -> DeliveryReport | InboundText | None:
    """A receipt has a `sid`, a reply has `text`; None for anything else."""
    phone, text = str(item.get("mobile") or ""), item.get("text")
    if isinstance(text, str) and phone:
        return InboundText(normalize_phone(phone), text, now, f"{item.get('time')}:{text}")
    if item.get("report_status") not in ("SUCCESS", "FAIL") or not item.get("sid"):
        return None
    return DeliveryReport(
        delivered=item["report_status"] == "SUCCESS",
        at=now,
        delivery=str(item["ext"]) if item.get("ext") else None,
        provider_id=str(item["sid"]),
        code=str(item.get("errmsg") or ""),
    )


def _pulled(item: Mapping[str, Any], now: Instant) -> DeliveryReport | InboundText | None:
    """The same, in the spelling of the API."""
    return _event(
        {
            "mobile": item.get("SubscriberNumber"),
            "text": item.get("ReplyContent"),
            "time": item.get("ReplyTime"),
            "sid": item.get("SerialNo"),
            "report_status": item.get("ReportStatus"),
            "errmsg": item.get("Description"),
            "ext": item.get("SessionContext"),
        },
        now,
    )
