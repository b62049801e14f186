"""WeCom application messages: cards with buttons, their updates, and the encrypted callbacks of button presses.

Success is errcode 0 with a recipient that is not listed as invalid or unlicensed. Only a press proves that it was seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import httpx2
import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from alerts.channels.access_token import AccessToken, FetchedToken
from alerts.channels.channel import ButtonPress, CallbackResponse, LookupResult, LookupStatus, SendOutcome, SendResult
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.channels.transport import failed_exchange
from alerts.channels.wecom_card import MAX_TEXT_BYTES, cut_to_bytes, fitted
from alerts.channels.wecom_crypto import Envelope, InvalidEnvelope
from alerts.message import Delivery
from domain import MINUTE, SECOND, Instant
from domain.recipients import is_wecom_user

_LARGEST_PUSH_BYTES: Final = 64 * 1024
_CLOCK_WINDOW_MS: Final = 5 * MINUTE
_DUPLICATE_INTERVAL_S: Final = 4 * 3600
"""WeCom's maximum. Longer than a message stays in the outbox, so that one whose answer was lost in a long outage is
recognised, not refused for its used task_id."""

_OLD_TOKEN: Final = (40014, 42001)
_TOO_OFTEN: Final = (45009, 45033)
_UNTRUSTED_IP: Final = 60020
_TOKEN_PROBLEMS: Final = {40013: "wecom.corp", 40001: "wecom.secret", _UNTRUSTED_IP: "wecom.trusted_ip"}
_CLASSES: Final = {
    **dict.fromkeys((40001, 40013, 40056, 48002, 50003, 60020, 301002, 301007, *_OLD_TOKEN), SendOutcome.CONFIG),
    **dict.fromkeys(_TOO_OFTEN, SendOutcome.TEMPORARY),
    **dict.fromkeys((40003, 60111, 81013, 82001, 50002, 60011, 43004), SendOutcome.RECIPIENT),
    **dict.fromkeys((40035, 40058, 44004, 45002, 42014, 42016), SendOutcome.CONTENT),
    -1: SendOutcome.TEMPORARY,
    0: SendOutcome.ACCEPTED,
}


class WeComSettings(Struct, frozen=True):
    """One application. `received` is the text of a pressed button until the card is updated."""

    corp_id: str
    agent_id: int
    secret: str
    token: str
    aes_key: str
    base_url: str = "https://qyapi.weixin.qq.com"
    received: str = "已收到"

    def __repr__(self) -> str:
        return f"WeComSettings(corp_id={self.corp_id!r}, agent_id={self.agent_id}, secrets=***)"


class WeCom:
    """The channel `wecom`. Sending the same body again within the interval cannot arrive twice."""

    name = "wecom"
    idempotent = True

    def __init__(self, client: httpx2.AsyncClient, settings: WeComSettings, clock: Callable[[], Instant]) -> None:
        self._client, self._settings = client, settings
        self._envelope = Envelope(settings.token, settings.aes_key, settings.corp_id)
        self._token = AccessToken(self._fetch_token, clock)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Send a new card, or update one that was sent before."""
        del now
        if not is_wecom_user(delivery.address):
            # `@all` would reach the whole company, `a|b` two people.
            return SendResult(SendOutcome.RECIPIENT, code="not one userid")
        try:
            answer = await self._deliver(delivery)
        except (httpx2.HTTPError, msgspec.DecodeError) as error:
            return failed_exchange(error)
        return _result(answer, delivery.address)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """WeCom has no lookup and needs none: a card in doubt is sent again unchanged."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED)

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """The URL check (GET) and events (POST). Answered at once: WeCom repeats after five seconds."""
        del headers
        if len(body) > _LARGEST_PUSH_BYTES:
            return CallbackResponse(413)
        try:
            if not body:
                return CallbackResponse(200, self._open(query, query.get("echostr", ""), now).encode())
            inner = fromstring(self._open(query, _text(fromstring(body), "Encrypt"), now))
        except (InvalidEnvelope, ParseError, DefusedXmlException, UnicodeDecodeError):
            return CallbackResponse(403)
        if _text(inner, "Event") != "template_card_event":
            return CallbackResponse(200)
        press = ButtonPress(_text(inner, "FromUserName"), _text(inner, "EventKey"), now, _text(inner, "ResponseCode"))
        return CallbackResponse(200, self._passive(press, query, now), "application/xml", (press,))

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether corp, secret and application are right, and whether calls from this address are accepted."""
        del scope, now
        token = await self._token.get()
        if not token.value:
            return [ProviderFault(_TOKEN_PROBLEMS.get(token.errcode, "wecom.token"), f"errcode {token.errcode}")]
        response = await self._client.get(
            f"{self._settings.base_url}/cgi-bin/agent/get",
            params={"access_token": token.value, "agentid": self._settings.agent_id},
        )
        answer = msgspec.json.decode(response.content, type=dict[str, Any])
        errcode = answer.get("errcode")
        if errcode != 0:
            problem = "wecom.trusted_ip" if errcode == _UNTRUSTED_IP else "wecom.agent"
            return [ProviderFault(problem, f"errcode {errcode}: {answer.get('errmsg')}")]
        return [ProviderFault("wecom.closed", str(answer.get("name") or ""))] if answer.get("close") else []

    def _open(self, query: Mapping[str, str], encrypted: str, now: Instant) -> str:
        timestamp = query.get("timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp) * SECOND - now) > _CLOCK_WINDOW_MS:
            raise InvalidEnvelope("too old")
        return self._envelope.open(query.get("msg_signature", ""), timestamp, query.get("nonce", ""), encrypted)

    def _passive(self, press: ButtonPress, query: Mapping[str, str], now: Instant) -> bytes:
        """Disables the presser's own buttons; all cards are updated when the press has been processed."""
        seconds, nonce = str(now // SECOND), query.get("nonce", "")
        inner = (
            f"<xml><ToUserName><![CDATA[{escape(press.userid)}]]></ToUserName>"
            f"<FromUserName><![CDATA[{self._settings.corp_id}]]></FromUserName><CreateTime>{seconds}</CreateTime>"
            "<MsgType><![CDATA[update_button]]></MsgType>"
            f"<Button><ReplaceName><![CDATA[{self._settings.received}]]></ReplaceName></Button></xml>"
        )
        sealed = self._envelope.seal(inner, secrets.token_bytes(16))
        signature = self._envelope.sign(seconds, nonce, sealed)
        return (
            f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{seconds}</TimeStamp><Nonce><![CDATA[{escape(nonce)}]]></Nonce></xml>"
        ).encode()

    async def _deliver(self, delivery: Delivery) -> dict[str, Any]:
        """Sent with the shared token; once more with a new one, because a token may end early."""
        path, body = self._body(delivery)
        for _ in range(2):
            token = await self._token.get()
            if not token.value:
                return {"errcode": token.errcode}
            answer = await self._post(path, body, token.value)
            if answer.get("errcode") not in _OLD_TOKEN:
                break
            self._token.drop(token.value)
        return answer

    def _body(self, delivery: Delivery) -> tuple[str, bytes]:
        agent = self._settings.agent_id
        if delivery.ref is not None:
            change = {
                "userids": [delivery.address],
                "agentid": agent,
                "response_code": delivery.handle,
                "button": {"replace_name": delivery.payload["button"]},
            }
            return "message/update_template_card", msgspec.json.encode(change)
        message = {
            "touser": delivery.address,
            "agentid": agent,
            **_content(delivery.payload),
            "enable_duplicate_check": 1,
            "duplicate_check_interval": _DUPLICATE_INTERVAL_S,
        }
        return "message/send", msgspec.json.encode(message)

    async def _post(self, path: str, body: bytes, token: str) -> dict[str, Any]:
        response = await self._client.post(
            f"{self._settings.base_url}/cgi-bin/{path}",
            params={"access_token": token},
            content=body,
            headers={"Content-Type": "application/json"},
        )
        return msgspec.json.decode(response.content, type=dict[str, Any])

    async def _fetch_token(self) -> FetchedToken:
        response = await self._client.get(
            f"{self._settings.base_url}/cgi-bin/gettoken",
            params={"corpid": self._settings.corp_id, "corpsecret": self._settings.secret},
        )
        answer = msgspec.json.decode(response.content, type=dict[str, Any])
        return FetchedToken(
            str(answer.get("access_token") or ""), int(answer.get("expires_in") or 0), int(answer.get("errcode") or -1)
        )


def _content(payload: Mapping[str, Any]) -> dict[str, object]:
    card = payload.get("card")
    if card is None:
        return {"msgtype": "text", "text": {"content": cut_to_bytes(str(payload["text"]), MAX_TEXT_BYTES)}}
    return {"msgtype": "template_card", "template_card": fitted(card)}


def classify(errcode: object) -> SendOutcome:
    """WeCom's errcode as a SendOutcome; an unknown code may mean that it was sent.

    >>> classify(0), classify(60020), classify(None)
    (<SendOutcome.ACCEPTED: 'accepted'>, <SendOutcome.CONFIG: 'config'>, <SendOutcome.UNKNOWN: 'unknown'>)
    """
    return _CLASSES.get(errcode, SendOutcome.UNKNOWN) if isinstance(errcode, int) else SendOutcome.UNKNOWN


def _result(answer: Mapping[str, Any], userid: str) -> SendResult:
    """errcode 0 with our recipient among the invalid users is a failure."""
    outcome = classify(answer.get("errcode"))
    listed = (name for name in ("invaliduser", "unlicenseduser") if userid in _named(answer.get(name)).split("|"))
    if outcome is SendOutcome.ACCEPTED and (refused := next(listed, None)):
        return SendResult(SendOutcome.RECIPIENT, code=refused)
    handle, msgid = answer.get("response_code"), answer.get("msgid")
    return SendResult(
        outcome,
        provider_id=str(msgid) if msgid else None,
        handle=str(handle) if handle else None,
        code=str(answer.get("errcode")),
        wait_ms=MINUTE if answer.get("errcode") in _TOO_OFTEN else 0,
    )


def _named(users: object) -> str:
    """`a|b` in one answer, a list in another."""
    return "|".join(map(str, users)) if isinstance(users, list) else str(users or "")


def _text(element: Element, name: str) -> str:
    return element.findtext(name) or ""
