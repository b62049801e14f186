"""An SMS gateway reached by HTTP, described by settings: the request as a template, and where the answer stands.

A government site almost always has a gateway in front of the carriers (CMPP, SGIP, SMGP) with an interface of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote

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
from alerts.channels.json_paths import filled, text_at, value_at
from alerts.channels.payloads import filed
from alerts.channels.transport import failed_exchange
from alerts.message import Delivery
from alerts.reply_parsing.codes import normalize_phone
from domain import Instant
from domain.recipients import is_phone

PLACEHOLDERS: Final = ("phone", "text", "id", "sign", "template", "secret")
"""Besides `params.NAME`, the variables of the text."""
HEADER_VALUES: Final = re.compile(r"[\x20-\x7e]*")
_LARGEST_PUSH_BYTES: Final = 64 * 1024
_ANSWER_BYTES_MAX: Final = 64 * 1024


class Answer(Struct, frozen=True):
    """Where the gateway's answer says what happened.

    `success` is a regular expression that must match the whole value at `code_path`, or without a path be found in the
    text of the answer. `outcomes`: other codes by what they mean; a code that is not listed may mean that it was sent.
    """

    success: str
    code_path: str = ""
    id_path: str = ""
    outcomes: Mapping[str, SendOutcome] = field(default_factory=dict)


class Callbacks(Struct, frozen=True):
    """Where the gateway's pushes say what happened: paths within one item, and the list of items at `items`.

    `delivered` and `failed` are the values at `status_path`; others say nothing final. `signature_header`: the hex
    HMAC-SHA256 of the body with the secret. `reply`: the body that the gateway expects.
    """

    items: str = ""
    delivery_path: str = ""
    id_path: str = ""
    status_path: str = ""
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    phone_path: str = ""
    text_path: str = ""
    text_id_path: str = ""
    signature_header: str = ""
    signature_secret: str = ""
    reply: str = "ok"


class HttpSmsSettings(Struct, frozen=True):
    """`url`, `headers` and `body` are templates with `{phone}`, `{text}`, `{id}`, `{sign}`, `{template}`, `{params.*}`
    and `{secret}`. `encoding` is how the body is sent."""

    name: str
    url: str
    answer: Answer
    sign_name: str = ""
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    encoding: Literal["json", "form"] = "json"
    secret: str = ""
    templates: Mapping[str, str] = field(default_factory=dict)
    fallback_template: str = ""
    callbacks: Callbacks = Callbacks()

    def __repr__(self) -> str:
        return f"HttpSmsSettings(name={self.name!r}, secrets=***)"


class HttpSms:
    """A provider of the channel `sms`."""

    idempotent = False

    def __init__(self, client: httpx2.AsyncClient, settings: HttpSmsSettings) -> None:
        self._client, self._settings = client, settings
        self.name = settings.name

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One number per request."""
        del now
        if not is_phone(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one phone number")
        try:
            response = await self._request(delivery)
        except httpx2.HTTPError as error:
            return failed_exchange(error)
        return self._result(response)

    async def _request(self, delivery: Delivery) -> httpx2.Response:
        settings = self._settings
        message = filed(delivery, settings.templates, settings.fallback_template)
        values = {
            "phone": delivery.address,
            "text": message.text,
            "id": delivery.id,
            "sign": settings.sign_name,
            "template": message.template,
            "secret": settings.secret,
            **{f"params.{name}": value for name, value in message.params.items()},
        }
        url = filled(settings.url, {name: quote(value, safe="") for name, value in values.items()})
        headers = {name: _header(value) for name, value in filled(settings.headers, values).items()}
        body = filled(settings.body, values)
        if not body:
            return await self._client.request(settings.method, url, headers=headers)
        if settings.encoding == "form":
            return await self._client.request(settings.method, url, headers=headers, data=body)
        return await self._client.request(settings.method, url, headers=headers, json=body)

    def _result(self, response: httpx2.Response) -> SendResult:
        """The code in the answer decides, the HTTP status only where there is none: 4xx was refused."""
        answer = self._settings.answer
        document, text = _document(response.content), response.text[:_ANSWER_BYTES_MAX]
        code = text_at(document, answer.code_path) if answer.code_path else text
        matches = re.fullmatch(answer.success, code) if answer.code_path else re.search(answer.success, code)
        if matches and response.status_code < 400:
            return SendResult(SendOutcome.ACCEPTED, provider_id=text_at(document, answer.id_path) or None)
        shown = (code if answer.code_path and code else f"HTTP {response.status_code}")[:100]
        if code in answer.outcomes:
            return SendResult(answer.outcomes[code], code=shown)
        if response.status_code in (401, 403):
            return SendResult(SendOutcome.CONFIG, code=shown, problem="access")
        if response.status_code == 429:
            return SendResult(SendOutcome.RATE, code=shown)
        is_refused = 400 <= response.status_code < 500
        return SendResult(SendOutcome.CONTENT if is_refused else SendOutcome.UNKNOWN, code=shown)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """The gateway cannot be asked: a message in doubt is not sent again."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED, code="no lookup")

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """Receipts and replies as JSON or form fields. A configured signature must match; the path has the secret."""
        callbacks = self._settings.callbacks
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        if callbacks.signature_header and not self._is_signed(headers, body):
            return CallbackResponse(403)
        document = _document(body) if body else dict(query)
        if document is None:
            return CallbackResponse(400)
        found = value_at(document, callbacks.items)
        items = found if isinstance(found, list) else [found]
        events = tuple(event for item in items if (event := self._event(item, now)) is not None)
        return CallbackResponse(200, callbacks.reply.encode(), events=events)

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        callbacks = self._settings.callbacks
        expected = hmac.new(callbacks.signature_secret.encode(), body, hashlib.sha256).hexdigest()
        given = next(
            (value for name, value in headers.items() if name.lower() == callbacks.signature_header.lower()), ""
        )
        return hmac.compare_digest(expected.encode(), given.strip().lower().encode())

    def _event(self, item: object, now: Instant) -> ProviderEvent | None:
        paths = self._settings.callbacks
        phone = text_at(item, paths.phone_path) if paths.phone_path else ""
        text = value_at(item, paths.text_path) if paths.text_path else None
        if phone and isinstance(text, str):
            return InboundText(normalize_phone(phone), text, now, text_at(item, paths.text_id_path))
        status = text_at(item, paths.status_path) if paths.status_path else ""
        delivery = (text_at(item, paths.delivery_path) or None) if paths.delivery_path else None
        provider_id = (text_at(item, paths.id_path) or None) if paths.id_path else None
        if status not in (*paths.delivered, *paths.failed) or (delivery is None and provider_id is None):
            return None
        return DeliveryReport(status in paths.delivered, now, delivery, provider_id, status)


def _document(body: bytes) -> object:
    """JSON, else form fields; None for neither."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        try:
            return dict(parse_qsl(body.decode(), strict_parsing=True, max_num_fields=100))
        except ValueError:
            return None


def _header(value: str) -> str:
    """Header values are ASCII in one line."""
    return re.sub(r"[^\x20-\x7e]", "", value)
