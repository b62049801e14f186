"""WeChat service account (公众号服务号): template messages to followers, and the provider's receipts.

Success is errcode 0, and means accepted: whether it was delivered comes with the event TEMPLATESENDJOBFINISH. A
message has no buttons; it opens the page of its recipient. Only callbacks of the encrypted mode (安全模式) are
read: the signature of the plain mode does not cover the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import httpx2
import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from alerts.channels.access_token import AccessToken, FetchedToken
from alerts.channels.channel import (
    CallbackResponse,
    DeliveryReport,
    LookupResult,
    LookupStatus,
    SendOutcome,
    SendResult,
)
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.channels.transport import failed_exchange
from alerts.channels.wecom_crypto import Envelope, InvalidEnvelope
from alerts.message import Delivery
from domain import MINUTE, SECOND, Instant
from domain.recipients import is_openid

_LARGEST_PUSH_BYTES: Final = 64 * 1024
_CLOCK_WINDOW_MS: Final = 5 * MINUTE
_OLD_TOKEN: Final = (40001, 40014, 42001)
"""40001 is a wrong secret at the token's interface, and a token that was ended early anywhere else."""
_TOKEN_PROBLEMS: Final = {40013: "wechat.secret", 40125: "wechat.secret", 40164: "wechat.ip"}
_KEYWORD: Final = re.compile(r"\{\{(\w+)\.DATA\}\}")
_CLASSES: Final = {
    0: SendOutcome.ACCEPTED,
    -1: SendOutcome.TEMPORARY,
    45009: SendOutcome.RATE,
    47003: SendOutcome.CONTENT,
    **dict.fromkeys((40003, 43004, 43101), SendOutcome.RECIPIENT),  # no such openid, not following, not subscribed
    **dict.fromkeys((40013, 40037, 40125, 40164, 41002, 41004, 43116, 48001, 48004, *_OLD_TOKEN), SendOutcome.CONFIG),
}


class WeChatSettings(Struct, frozen=True):
    """One service account."""

    app_id: str
    secret: str
    token: str
    aes_key: str
    base_url: str = "https://api.weixin.qq.com"
    templates: Mapping[str, Collection[str]] = {}
    """Template id -> the keywords that we fill; compared with the account's templates by `preflight`."""

    def __repr__(self) -> str:
        return f"WeChatSettings(app_id={self.app_id!r}, secrets=***)"


class WeChat:
    """The channel `wechat`. `client_msg_id` is our delivery id: within ten minutes it arrives once."""

    name = "wechat"
    idempotent = True

    def __init__(self, client: httpx2.AsyncClient, settings: WeChatSettings, clock: Callable[[], Instant]) -> None:
        self._client, self._settings = client, settings
        self._envelope = Envelope(settings.token, settings.aes_key, settings.app_id)
        self._token = AccessToken(self._fetch_token, clock)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One template message to one follower."""
        del now
        if not is_openid(delivery.address):
            return SendResult(SendOutcome.RECIPIENT, code="not one openid")
        try:
            answer = await self._deliver(_body(delivery))
        except (httpx2.HTTPError, msgspec.DecodeError) as error:
            return failed_exchange(error)
        msgid = answer.get("msgid")
        code = str(answer.get("errcode"))
        return SendResult(classify(answer.get("errcode")), provider_id=str(msgid) if msgid else None, code=code)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """The provider has no lookup and needs none: a message in doubt is sent again with its client_msg_id."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED)

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """The URL check (GET) and events (POST)."""
        del headers
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        if not self._is_current(query, now):
            return CallbackResponse(403)
        if not body:
            is_genuine = hmac.compare_digest(self._signature(query).encode(), query.get("signature", "").encode())
            return CallbackResponse(200, query.get("echostr", "").encode()) if is_genuine else CallbackResponse(403)
        try:
            event = fromstring(self._open(query, body))
        except (InvalidEnvelope, ParseError, DefusedXmlException, UnicodeDecodeError):
            return CallbackResponse(403)
        events = (_report(event, now),) if event.findtext("Event") == "TEMPLATESENDJOBFINISH" else ()
        return CallbackResponse(200, b"success", events=events)

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether the account is right, and whether each template exists with the keywords that we fill."""
        del scope, now
        token = await self._token.get()
        if not token.value:
            return [ProviderFault(_TOKEN_PROBLEMS.get(token.errcode, "wechat.token"), f"errcode {token.errcode}")]
        response = await self._client.get(
            f"{self._settings.base_url}/cgi-bin/template/get_all_private_template",
            params={"access_token": token.value},
        )
        answer = msgspec.json.decode(response.content, type=dict[str, Any])
        listed = answer.get("template_list")
        if not isinstance(listed, list):
            return [ProviderFault("wechat.permission", f"errcode {answer.get('errcode')}: {answer.get('errmsg')}")]
        contents = {str(item.get("template_id")): str(item.get("content")) for item in listed}
        return list(_template_faults(self._settings.templates, contents))

    def _is_current(self, query: Mapping[str, str], now: Instant) -> bool:
        timestamp = query.get("timestamp", "")
        is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
        return is_number and abs(int(timestamp) * SECOND - now) <= _CLOCK_WINDOW_MS

    def _signature(self, query: Mapping[str, str]) -> str:
        parts = sorted((self._settings.token, query.get("timestamp", ""), query.get("nonce", "")))
        return hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324 - the vendor's choice

    def _open(self, query: Mapping[str, str], body: bytes) -> str:
        encrypted = fromstring(body).findtext("Encrypt") or ""
        signature, nonce = query.get("msg_signature", ""), query.get("nonce", "")
        return self._envelope.open(signature, query["timestamp"], nonce, encrypted)

    async def _deliver(self, body: bytes) -> dict[str, Any]:
        """Sent with the shared token; once more with a new one, because a token may end early."""
        for _ in range(2):
            token = await self._token.get()
            if not token.value:
                return {"errcode": token.errcode}
            answer = await self._post("message/template/send", body, {"access_token": token.value})
            if answer.get("errcode") not in _OLD_TOKEN:
                break
            self._token.drop(token.value)
        return answer

    async def _post(self, path: str, body: bytes, params: Mapping[str, str]) -> dict[str, Any]:
        response = await self._client.post(
            f"{self._settings.base_url}/cgi-bin/{path}",
            params=params,
            content=body,
            headers={"Content-Type": "application/json"},
        )
        return msgspec.json.decode(response.content, type=dict[str, Any])

    async def _fetch_token(self) -> FetchedToken:
        """The stable token: another program that asks for the same account's token does not end ours."""
        request = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.secret,
            "force_refresh": False,
        }
        answer = await self._post("stable_token", msgspec.json.encode(request), {})
        return FetchedToken(
            str(answer.get("access_token") or ""), int(answer.get("expires_in") or 0), int(answer.get("errcode") or -1)
        )


def _template_faults(templates: Mapping[str, Collection[str]], contents: Mapping[str, str]) -> Iterator[ProviderFault]:
    for template, keywords in templates.items():
        if template not in contents:
            yield ProviderFault("wechat.template", template)
            continue
        wanted = set(_KEYWORD.findall(contents[template]))
        if wanted != set(keywords):
            yield ProviderFault("wechat.keywords", f"{template}: {', '.join(sorted(wanted ^ set(keywords)))}")


def classify(errcode: object) -> SendOutcome:
    """WeChat's errcode as a SendOutcome; an unknown code may mean that it was sent.

    >>> classify(0), classify(43004), classify(None)
    (<SendOutcome.ACCEPTED: 'accepted'>, <SendOutcome.RECIPIENT: 'recipient'>, <SendOutcome.UNKNOWN: 'unknown'>)
    """
    return _CLASSES.get(errcode, SendOutcome.UNKNOWN) if isinstance(errcode, int) else SendOutcome.UNKNOWN


def _body(delivery: Delivery) -> bytes:
    payload = delivery.payload
    data = msgspec.convert(payload["data"], dict[str, str])
    message: dict[str, object] = {
        "touser": delivery.address,
        "template_id": payload["template"],
        "client_msg_id": delivery.id,
        "data": {name: {"value": value} for name, value in data.items()},
    }
    if payload.get("url"):
        message["url"] = payload["url"]
    return msgspec.json.encode(message)


def _report(event: Any, now: Instant) -> DeliveryReport:
    """Status is `success`, `failed:user block` or `failed: system failed`."""
    status = event.findtext("Status") or ""
    return DeliveryReport(status == "success", now, provider_id=event.findtext("MsgID") or None, code=status)
