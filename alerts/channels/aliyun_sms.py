"""Aliyun SMS (dysmsapi 2017-05-25). Success is Code OK, never HTTP 200; OK means accepted, not delivered.

Sending is not idempotent: after a timeout the provider is asked before anything is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from msgspec import Struct

from alerts.channels.aliyun_signature import Request, sign
from alerts.channels.channel import (
    CallbackResponse,
    DeliveryReport,
    InboundText,
    LookupResult,
    LookupStatus,
    SendOutcome,
    SendResult,
)
from alerts.message import Delivery
from alerts.reply_parsing.codes import normalize_phone
from domain import Instant
from domain.recipients import is_phone

VERSION: Final = "2017-05-25"
_BEIJING: Final = ZoneInfo("Asia/Shanghai")
_LARGEST_PUSH_BYTES: Final = 256 * 1024
_OK_ANSWER: Final = '{"code":0,"msg":"接收成功"}'.encode()

_RATE: Final = ("BUSINESS_LIMIT_CONTROL", "DAY_LIMIT_CONTROL", "MONTH_LIMIT_CONTROL")
_CONFIG: Final = (
    "OUT_OF_SERVICE",
    "AMOUNT_NOT_ENOUGH",
    "SMS_SIGNATURE_ILLEGAL",
    "SMS_TEMPLATE_ILLEGAL",
    "SMS_SIGNATURE_SCENE_ILLEGAL",
    "SIGN_STATE_ILLEGAL",
    "DENY_IP_RANGE",
    "RAM_PERMISSION_DENY",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
)
_RECIPIENT: Final = ("MOBILE_NUMBER_ILLEGAL",)


class AliyunSettings(Struct, frozen=True):
    """`base_url` is the vendor's, or that of a compatible server."""

    key_id: str
    secret: str
    sign_name: str
    base_url: str = "https://dysmsapi.aliyuncs.com"

    def __repr__(self) -> str:
        return f"AliyunSettings(key_id={self.key_id!r}, secret=***, sign_name={self.sign_name!r})"


class AliyunSms:
    """The channel `sms`."""

    name = "sms"
    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: AliyunSettings, nonce: Callable[[], str]) -> None:
        self._client, self._settings, self._nonce = client, settings, nonce
        self._host = httpx2.URL(settings.base_url).netloc.decode()

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One number per call: its own BizId, its own error."""
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        params = {
            "OutId": delivery.id,
            "PhoneNumbers": delivery.address,
            "SignName": self._settings.sign_name,
            "TemplateCode": str(delivery.payload["template"]),
            "TemplateParam": json.dumps(delivery.payload["params"], ensure_ascii=False, separators=(",", ":")),
        }
        try:
            answer = await self._call("SendSms", params, now)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return SendResult(SendOutcome.TEMPORARY, code=type(error).__name__)
        except httpx2.HTTPError as error:
            return SendResult(SendOutcome.UNKNOWN, code=type(error).__name__)
        code = str(answer.get("Code") or "")
        provider_id = answer.get("BizId")
        return SendResult(classify(code), provider_id=str(provider_id) if provider_id else None, code=code)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """Find our OutId among the messages to this number on the day it was sent."""
        day = datetime.fromtimestamp(delivery.created_at / 1000, _BEIJING).strftime("%Y%m%d")
        params = {"PhoneNumber": delivery.address, "SendDate": day, "PageSize": "50", "CurrentPage": "1"}
        try:
            answer = await self._call("QuerySendDetails", params, now)
        except httpx2.HTTPError as error:
            return LookupResult(LookupStatus.UNDETERMINED, code=type(error).__name__)
        if answer.get("Code") != "OK":
            return LookupResult(LookupStatus.UNDETERMINED, code=str(answer.get("Code")))
        return _seek(answer, delivery.id)

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """SmsReport and SmsUp pushes. They are unsigned; the secret is in the URL path."""
        del headers, query
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        try:
            items = msgspec.json.decode(body, type=list[dict[str, Any]])
        except msgspec.DecodeError:
            return CallbackResponse(400)
        events = tuple(event for item in items if (event := _event(item, now)) is not None)
        return CallbackResponse(200, _OK_ANSWER, "application/json", events)

    async def _call(self, action: str, params: Mapping[str, str], now: Instant) -> dict[str, Any]:
        date = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request = Request(self._host, action, VERSION, params, date, self._nonce())
        signed = sign(self._settings.key_id, self._settings.secret, request)
        url = f"{self._settings.base_url}/?{signed.query}"
        response = await self._client.post(url, headers=signed.headers)
        try:
            answer = msgspec.json.decode(response.content, type=dict[str, Any])
        except msgspec.DecodeError:
            # Only the response is lost: an error page of a gateway does not show whether the message was accepted.
            return {"Code": f"HTTP {response.status_code}"}
        return answer


def classify(code: str) -> SendOutcome:
    """Aliyun's code as a SendOutcome; an unknown code may mean that it was sent.

    >>> classify("OK"), classify("isv.BUSINESS_LIMIT_CONTROL"), classify("isp.SYSTEM_ERROR")
    (<SendOutcome.ACCEPTED: 'accepted'>, <SendOutcome.RATE: 'rate'>, <SendOutcome.UNKNOWN: 'unknown'>)
    """
    if code == "OK":
        return SendOutcome.ACCEPTED
    plain = code.removeprefix("isv.").removeprefix("isp.")
    if plain.startswith("Throttling"):
        return SendOutcome.TEMPORARY
    for names, outcome in (
        (_RATE, SendOutcome.RATE),
        (_CONFIG, SendOutcome.CONFIG),
        (_RECIPIENT, SendOutcome.RECIPIENT),
    ):
        if plain.startswith(names):
            return outcome
    return SendOutcome.CONTENT if code.startswith("isv.") else SendOutcome.UNKNOWN


def _seek(answer: Mapping[str, Any], out_id: str) -> LookupResult:
    details = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
    for item in details:
        if item.get("OutId") == out_id:
            sighting = {2: LookupStatus.FAILED, 3: LookupStatus.DELIVERED}.get(
                item.get("SendStatus"), LookupStatus.WAITING
            )
            return LookupResult(sighting, code=str(item.get("ErrCode") or ""))
    return LookupResult(LookupStatus.ABSENT)


def _event(item: Mapping[str, Any], now: Instant) -> DeliveryReport | InboundText | None:
    """A report has an out_id or biz_id, a text has content; None for anything else."""
    phone = str(item.get("phone_number") or "")
    if "content" in item:
        once = str(item.get("sequence_id") or "")
        return InboundText(normalize_phone(phone), str(item["content"]), now, once) if phone else None
    if not isinstance(item.get("success"), bool) or not (item.get("out_id") or item.get("biz_id")):
        return None
    return DeliveryReport(
        delivered=item["success"],
        at=now,
        delivery=str(item["out_id"]) if item.get("out_id") else None,
        provider_id=str(item["biz_id"]) if item.get("biz_id") else None,
        code=str(item.get("err_code") or ""),
    )
