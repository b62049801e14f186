"""Aliyun SMS (dysmsapi 2017-05-25). Success is Code OK, never HTTP 200; OK means accepted, not delivered.

Sending is not idempotent: after a timeout the provider is asked before anything is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx2
import msgspec
from msgspec import Struct, field

from alerts.channels.aliyun_api import AliyunApi, classify, problem_of
from alerts.channels.channel import (
    CallbackResponse,
    DeliveryReport,
    InboundText,
    LookupResult,
    LookupStatus,
    SendOutcome,
    SendResult,
)
from alerts.channels.payloads import filed, own_code
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.channels.sms_preflight import aliyun_faults
from alerts.channels.transport import failed_exchange
from alerts.message import Delivery
from alerts.reply_parsing.codes import normalize_phone
from domain import Instant
from domain.recipients import is_phone

VERSION: Final = "2017-05-25"
_BEIJING: Final = ZoneInfo("Asia/Shanghai")
_LARGEST_PUSH_BYTES: Final = 256 * 1024
_OK_ANSWER: Final = '{"code":0,"msg":"接收成功"}'.encode()

_PAGE: Final = 50
_PAGES_MAX: Final = 4
VARIABLE_LENGTH_MAX: Final = 35
"""Characters of one variable; an empty one is refused too."""


class AliyunSettings(Struct, frozen=True):
    """`base_url` is the vendor's, or that of a compatible server."""

    key_id: str
    secret: str
    sign_name: str
    base_url: str = "https://dysmsapi.aliyuncs.com"
    templates: Mapping[str, str] = field(default_factory=dict)
    """Name of a text, or name.severity -> code; else the code in the payload."""
    fallback_template: str = ""

    def __repr__(self) -> str:
        return f"AliyunSettings(key_id={self.key_id!r}, secret=***, sign_name={self.sign_name!r})"


class AliyunSms:
    """A provider of the channel `sms`, and alone the channel itself."""

    name = "sms"
    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: AliyunSettings, nonce: Callable[[], str]) -> None:
        self._client, self._settings, self._nonce = client, settings, nonce

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One number per call: its own BizId, its own error."""
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        message = filed(delivery, self._settings.templates, self._settings.fallback_template)
        variables = {name: value[:VARIABLE_LENGTH_MAX] or "-" for name, value in message.params.items()}
        params = {
            "OutId": delivery.id,
            "PhoneNumbers": delivery.address,
            "SignName": self._settings.sign_name,
            "TemplateCode": message.template or str(delivery.payload["template"]),
            "TemplateParam": json.dumps(variables, ensure_ascii=False, separators=(",", ":")),
        }
        try:
            answer = await self._call("SendSms", params, now)
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        code = str(answer.get("Code") or "")
        provider_id = answer.get("BizId")
        return SendResult(
            classify(code), provider_id=str(provider_id) if provider_id else None, code=code, problem=problem_of(code)
        )

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """Find our OutId among the messages to this number on the day it was sent."""
        day = datetime.fromtimestamp(delivery.created_at / 1000, _BEIJING).strftime("%Y%m%d")
        params = {"PhoneNumber": delivery.address, "SendDate": day, "PageSize": str(_PAGE)}
        for page in range(1, _PAGES_MAX + 1):
            try:
                answer = await self._call("QuerySendDetails", {**params, "CurrentPage": str(page)}, now)
            except httpx2.HTTPError as error:
                return LookupResult(LookupStatus.UNDETERMINED, code=type(error).__name__)
            if answer.get("Code") != "OK":
                return LookupResult(LookupStatus.UNDETERMINED, code=str(answer.get("Code")))
            found = _seek(answer, delivery.id)
            if found.status is not LookupStatus.ABSENT or page * _PAGE >= int(answer.get("TotalCount") or 0):
                return found
        return LookupResult(LookupStatus.UNDETERMINED, code="too many messages to this number")

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

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether signature and templates are approved; nothing is sent."""

        async def call(action: str, params: Mapping[str, str]) -> Mapping[str, Any]:
            return await self._call(action, params, now)

        own = self._settings.templates
        codes = {own_code(own, name) or code for name, code in scope.templates.items()}
        fallback = {self._settings.fallback_template} - {""} if scope.templates else set()
        return await aliyun_faults(call, self._settings.sign_name, codes | fallback)

    async def _call(self, action: str, params: Mapping[str, str], now: Instant) -> dict[str, Any]:
        settings = self._settings
        api = AliyunApi(self._client, settings.key_id, settings.secret, settings.base_url, VERSION, self._nonce)
        return await api.call(action, params, now)


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
