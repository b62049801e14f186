"""Aliyun voice calls (dyvmsapi 2017-05-25): SingleCallByTts reads a text, IvrCall also hears a key.

A call that was picked up is delivered; only a key acknowledges. OK means that the call is being made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2
import msgspec
from msgspec import Struct, field

from alerts.channels.aliyun_api import AliyunApi, classify, problem_of
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
from alerts.channels.payloads import Filed, filed
from alerts.channels.transport import failed_exchange
from alerts.message import Delivery
from domain import Instant
from domain.recipients import is_phone

BASE_URL: Final = "https://dyvmsapi.aliyuncs.com"
VERSION: Final = "2017-05-25"
VARIABLES_LENGTH_MAX: Final = 249
"""Characters of all variables as JSON: below 250."""
PLAY_TIMES: Final = "3"
KEY_TIMEOUT_MS: Final = "5000"
_LARGEST_PUSH_BYTES: Final = 256 * 1024
_OK_ANSWER: Final = '{"code":0,"msg":"接收成功"}'.encode()
PICKED_UP: Final = ("200000", "200001")
"""Heard to the end, hung up early. All other codes of an ended call mean that nobody listened."""
KEY_PRESSED: Final = "300000"


class AliyunVoiceSettings(Struct, frozen=True):
    """`show_number` is a bought number: without one the shared pool calls, which cannot hear keys.

    `menu`: key -> template code that is read after it; with it calls are IvrCall. `bye` is read at the end.
    """

    key_id: str
    secret: str
    templates: Mapping[str, str] = field(default_factory=dict)
    fallback_template: str = ""
    show_number: str = ""
    menu: Mapping[str, str] = field(default_factory=dict)
    bye: str = ""
    base_url: str = BASE_URL

    def __repr__(self) -> str:
        return f"AliyunVoiceSettings(key_id={self.key_id!r}, secret=***, show_number={self.show_number!r})"


class AliyunVoice:
    """A provider of the channel `voice`."""

    name = "aliyun"
    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: AliyunVoiceSettings, nonce: Callable[[], str]) -> None:
        self._settings = settings
        self._api = AliyunApi(client, settings.key_id, settings.secret, settings.base_url, VERSION, nonce)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Start one call."""
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        message = filed(delivery, self._settings.templates, self._settings.fallback_template)
        if not message.template:
            return SendResult(SendOutcome.TEMPLATE, code="no template code")
        action, params = self._request(delivery, message)
        try:
            answer = await self._api.call(action, params, now)
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        code, call = str(answer.get("Code") or ""), answer.get("CallId")
        return SendResult(classify(code), provider_id=str(call) if call else None, code=code, problem=problem_of(code))

    def _request(self, delivery: Delivery, message: Filed) -> tuple[str, dict[str, str]]:
        variables = json.dumps(message.params, ensure_ascii=False, separators=(",", ":"))
        common = {
            "CalledNumber": delivery.address,
            "CalledShowNumber": self._settings.show_number,
            "PlayTimes": PLAY_TIMES,
            "OutId": delivery.id,
        }
        common = {name: value for name, value in common.items() if value}
        if len(variables) > VARIABLES_LENGTH_MAX:
            variables = "{}"
        if not self._settings.menu or not self._settings.show_number:
            return "SingleCallByTts", {**common, "TtsCode": message.template, "TtsParam": variables}
        keys = {
            f"MenuKeyMap.{number}.{name}": value
            for number, (key, code) in enumerate(sorted(self._settings.menu.items()), 1)
            for name, value in (("Key", key), ("Code", code))
        }
        bye = {"ByeCode": self._settings.bye} if self._settings.bye else {}
        start = {"StartCode": message.template, "StartTtsParams": variables, "Timeout": KEY_TIMEOUT_MS}
        return "IvrCall", {**common, **start, **keys, **bye}

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """A call whose id is unknown cannot be asked for; a second call would use up the limit of the number."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED, code="no lookup")

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """VoiceReport (the call has ended) and VoiceCallReport (a key). Unsigned; the secret is in the URL path."""
        del headers, query
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        try:
            items = msgspec.json.decode(body, type=list[dict[str, Any]])
        except msgspec.DecodeError:
            return CallbackResponse(400)
        events = tuple(event for item in items for event in _events(item, now))
        return CallbackResponse(200, _OK_ANSWER, "application/json", events)


def _events(item: Mapping[str, Any], now: Instant) -> list[ProviderEvent]:
    """A key, and the end of the call. Reports about a call that goes on (ringing) say nothing to us."""
    delivery, call = str(item.get("out_id") or "") or None, str(item.get("call_id") or "") or None
    if delivery is None and call is None:
        return []
    code, key = str(item.get("status_code") or ""), str(item.get("dtmf") or "")
    events: list[ProviderEvent] = []
    if key:
        events.append(KeyPress(key, now, delivery=delivery, provider_id=call))
    if code.startswith("200") and "end_time" in item:
        events.append(DeliveryReport(code in PICKED_UP, now, delivery, call, code))
    return events
