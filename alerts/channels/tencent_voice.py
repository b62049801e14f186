"""Tencent Cloud voice calls (vms 2020-09-02, SendTtsVoice). Only fixed text is approved: the address is sent as a text.

A call that was picked up is delivered; only a key acknowledges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct, field

from alerts.channels.channel import (
    CallbackResponse,
    DeliveryReport,
    KeyPress,
    LookupResult,
    LookupStatus,
    ProviderEvent,
    SendOutcome,
    SendResult,
)
from alerts.channels.payloads import filed
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
from domain import Instant
from domain.recipients import is_phone

BASE_URL: Final = "https://vms.tencentcloudapi.com"
VERSION: Final = "2020-09-02"
PLAY_TIMES: Final = 3
_LARGEST_PUSH_BYTES: Final = 64 * 1024
ANSWERED: Final = "0"


class TencentVoiceSettings(Struct, frozen=True):
    """One voice application. `templates`: name of a text, or name.severity -> id of the approved fixed text."""

    account: TencentAccount
    app_id: str
    templates: Mapping[str, str] = field(default_factory=dict)
    fallback_template: str = ""


class TencentVoice:
    """A provider of the channel `voice`."""

    name = "tencent"
    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: TencentVoiceSettings) -> None:
        self._settings = settings
        self._api = TencentApi(client, settings.account, "vms", VERSION)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Start one call with a fixed text."""
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        template = filed(delivery, self._settings.templates).template or self._settings.fallback_template
        if not template:
            return SendResult(SendOutcome.TEMPLATE, code="no template id")
        body = {
            "TemplateId": template,
            "CalledNumber": e164(delivery.address),
            "VoiceSdkAppid": self._settings.app_id,
            "TemplateParamSet": [],
            "PlayTimes": PLAY_TIMES,
            "SessionContext": delivery.id,
        }
        try:
            answer = await self._api.call("SendTtsVoice", body, now)
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        code, status = error_code(answer), answer.get("SendStatus")
        if code:
            return SendResult(classify(code), code=code, problem=problem_of(code))
        call = status.get("CallId") if isinstance(status, Mapping) else None
        outcome = SendOutcome.ACCEPTED if call else SendOutcome.UNKNOWN
        return SendResult(outcome, provider_id=str(call) if call else None)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """The vendor has no lookup; a second call would use up the limit of the number."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED, code="no lookup")

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """voicekey_callback, voiceprompt_callback and voice_failure_callback. Unsigned; the secret is in the path."""
        del headers, query
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        try:
            pushed = msgspec.json.decode(body, type=dict[str, dict[str, Any]])
        except msgspec.DecodeError:
            return CallbackResponse(400)
        events = tuple(event for name, item in pushed.items() if (event := _event(name, item, now)) is not None)
        return CallbackResponse(200, PUSH_ANSWER, "application/json", events)


def _event(name: str, item: Mapping[str, Any], now: Instant) -> ProviderEvent | None:
    call = str(item.get("callid") or "")
    if not call:
        return None
    if name == "voicekey_callback":
        return KeyPress(str(item.get("keypress") or ""), now, str(item.get("mobile") or ""), provider_id=call)
    if name == "voiceprompt_callback":
        result = str(item.get("result"))
        return DeliveryReport(result == ANSWERED, now, provider_id=call, code=f"result {result}")
    if name == "voice_failure_callback":
        return DeliveryReport(False, now, provider_id=call, code=str(item.get("failure_code") or "failed"))
    return None
