"""A simulated WeChat service account: stable tokens, template messages, and the event of each message's delivery.

Written from the provider's documentation (getStableAccessToken, the template message interface, its events).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain import MINUTE, SECOND, Instant
from simulators.providers.faults import FaultKind
from simulators.providers.provider_server import ProviderServer
from simulators.providers.wechat.templates import data_fault
from simulators.providers.wecom.crypto import Envelopes

_TOKEN_LIFETIME_MS: Final = 7200 * SECOND
_REPLACED_BEFORE_MS: Final = 5 * MINUTE
_REPEAT_WINDOW_MS: Final = 10 * MINUTE
_BAD_APP, _BAD_SECRET, _BAD_TOKEN, _EXPIRED, _UNTRUSTED_IP = 40013, 40125, 40001, 42001, 40164
_BAD_OPENID, _NOT_FOLLOWING, _BAD_TEMPLATE, _BAD_ARGUMENT, _NOT_JSON = 40003, 43004, 40037, 47003, 47001


class TemplateMessage(Struct, frozen=True):
    """One message in a follower's chat with the account."""

    msgid: int
    openid: str
    template: str
    values: dict[str, str]
    url: str
    at: Instant

    @property
    def text(self) -> str:
        return " ".join(self.values.values())


class WeChatServer(ProviderServer):
    """The service on a loopback port. `followers` follow the account, `former_followers` no longer do."""

    def __init__(
        self,
        *,
        app_id: str,
        secret: str,
        token: str,
        aes_key: str,
        followers: Collection[str],
        templates: Mapping[str, str],
        clock: Callable[[], Instant],
        port: int = 0,
        former_followers: Collection[str] = (),
    ) -> None:
        super().__init__(_app(self), port=port)
        self.app_id, self.secret, self.clock = app_id, secret, clock
        self.followers, self.former_followers = set(followers), set(former_followers)
        self.templates = dict(templates)
        self.is_ip_trusted = True
        self.callback_url: str | None = None
        self.messages: list[TemplateMessage] = []
        self.blocked: set[str] = set()
        """Followers who do not let the account send: accepted, then reported `failed:user block`."""
        self.tokens_given = 0
        self._token, self._token_until = "", 0
        self._envelopes = Envelopes(token, aes_key, app_id)
        self._accepted: dict[tuple[str, str], tuple[Instant, int]] = {}
        self._unreported: list[TemplateMessage] = []
        self._nonce = 0

    # Actions of a test

    def spoil_token(self) -> None:
        """End the token early, as a forced refresh by another program does."""
        self._token, self._token_until = "", 0

    def messages_of(self, openid: str) -> list[TemplateMessage]:
        return [message for message in self.messages if message.openid == openid]

    async def push_reports(self, url: str | None = None) -> list[int]:
        """Push TEMPLATESENDJOBFINISH for every accepted message not yet reported; returns the HTTP statuses."""
        waiting, self._unreported = self._unreported, []
        return [await self.push(self.finish_event(message), url) for message in waiting]

    def finish_event(self, message: TemplateMessage) -> str:
        """The unencrypted event about one message."""
        status = "failed:user block" if message.openid in self.blocked else "success"
        return (
            "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>"
            f"<FromUserName><![CDATA[{message.openid}]]></FromUserName>"
            f"<CreateTime>{self.clock() // SECOND}</CreateTime>"
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>"
            f"<MsgID>{message.msgid}</MsgID><Status><![CDATA[{status}]]></Status></xml>"
        )

    async def push(self, event: str, url: str | None = None) -> int:
        """Push an event in the encrypted mode; returns the HTTP status."""
        body, query = self.sealed(event)
        response = await self._callback_client.post(url or self._callback(), params=query, content=body)
        assert response.status_code != 200 or response.content == b"success", "answered with something else"
        return response.status_code

    async def verify_callback(self, url: str | None = None) -> bool:
        """The check when the URL is entered in the console: the echostr must come back as it is."""
        self._nonce += 1
        timestamp, nonce = str(self.clock() // SECOND), str(self._nonce)
        query = {"signature": self._plain_signature(timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
        response = await self._callback_client.get(
            url or self._callback(), params=query | {"echostr": "5837397576201334"}
        )
        return response.status_code == 200 and response.content == b"5837397576201334"

    def sealed(self, event: str) -> tuple[bytes, dict[str, str]]:
        """Body and query of an encrypted push."""
        self._nonce += 1
        timestamp, nonce = str(self.clock() // SECOND), str(self._nonce)
        encrypted = self._envelopes.seal(event, f"{self._nonce:016d}".encode())
        query = {
            "signature": self._plain_signature(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": self._envelopes.sign(timestamp, nonce, encrypted),
        }
        name = "<ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>"
        return f"<xml>{name}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode(), query

    # The API

    async def stable_token(self, request: Request) -> Response:
        """The same token for every call while it is valid; a new one in its last five minutes."""
        body = await _json(request) or {}
        if body.get("grant_type") != "client_credential" or body.get("appid") != self.app_id:
            return _error(_BAD_APP, "invalid appid")
        if body.get("secret") != self.secret:
            return _error(_BAD_SECRET, "invalid appsecret")
        if not self.is_ip_trusted:
            return _error(_UNTRUSTED_IP, "invalid ip, not in whitelist")
        now = self.clock()
        if now >= self._token_until - _REPLACED_BEFORE_MS or body.get("force_refresh"):
            self.tokens_given += 1
            self._token, self._token_until = f"stable-token-{self.tokens_given}", now + _TOKEN_LIFETIME_MS
        return _ok(access_token=self._token, expires_in=(self._token_until - now) // SECOND)

    async def send(self, request: Request) -> Response:
        """message/template/send."""
        if (refused := self._token_fault(request)) is not None:
            return refused
        body = await _json(request)
        fault = self.faults.next()
        if fault is not None and fault.kind is FaultKind.REJECT:
            return _error(int(fault.code), fault.message or "ordered to fail")
        if fault is not None and fault.kind is FaultKind.HTTP and not fault.accepted:
            return Response("bad gateway", status_code=fault.status)
        answer = self._accept(body)
        if fault is not None and fault.kind is FaultKind.SILENT:
            await self._leave_unanswered(request)
        return answer

    async def list_templates(self, request: Request) -> Response:
        """template/get_all_private_template."""
        if (refused := self._token_fault(request)) is not None:
            return refused
        items = [{"template_id": name, "title": name, "content": text} for name, text in self.templates.items()]
        return JSONResponse({"template_list": items})

    def _accept(self, body: dict[str, Any] | None) -> Response:
        if body is None:
            return _error(_NOT_JSON, "data format error")
        openid, template = str(body.get("touser", "")), str(body.get("template_id", ""))
        if openid not in self.followers | self.former_followers:
            return _error(_BAD_OPENID, "invalid openid")
        if openid not in self.followers:
            return _error(_NOT_FOLLOWING, "require subscribe")
        if template not in self.templates:
            return _error(_BAD_TEMPLATE, "invalid template_id")
        data = body.get("data") if isinstance(body.get("data"), dict) else {}
        if (fault := data_fault(self.templates[template], data or {})) is not None:
            return _error(_BAD_ARGUMENT, fault)
        values = {name: str(entry["value"]) for name, entry in (data or {}).items()}
        return _ok(msgid=self._deliver(openid, template, values, body))

    def _deliver(self, openid: str, template: str, values: dict[str, str], body: Mapping[str, Any]) -> int:
        """The msgid; the same `client_msg_id` within ten minutes is one message."""
        now, key = self.clock(), (openid, str(body.get("client_msg_id", "")))
        earlier = self._accepted.get(key)
        if key[1] and earlier is not None and now - earlier[0] < _REPEAT_WINDOW_MS:
            return earlier[1]
        msgid = 200_228_332 + len(self._accepted)
        self._accepted[key if key[1] else (openid, f"#{msgid}")] = (now, msgid)
        message = TemplateMessage(msgid, openid, template, values, str(body.get("url", "")), now)
        self._unreported.append(message)
        if openid not in self.blocked:
            self.messages.append(message)
        return msgid

    def _token_fault(self, request: Request) -> Response | None:
        if request.query_params.get("access_token") != self._token or not self._token:
            return _error(_BAD_TOKEN, "invalid credential, access_token is invalid or not latest")
        return _error(_EXPIRED, "access_token expired") if self.clock() >= self._token_until else None

    def _plain_signature(self, timestamp: str, nonce: str) -> str:
        # The plain signature is the same rule over three texts: the fourth is empty and adds nothing.
        return self._envelopes.sign(timestamp, nonce, "")

    def _callback(self) -> str:
        assert self.callback_url is not None, "no callback address is set"
        return self.callback_url


async def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _ok(**more: object) -> JSONResponse:
    return JSONResponse({"errcode": 0, "errmsg": "ok", **more})


def _error(code: int, message: str) -> JSONResponse:
    return JSONResponse({"errcode": code, "errmsg": message})


def _app(server: WeChatServer) -> Starlette:
    return Starlette(
        routes=[
            Route("/cgi-bin/stable_token", server.stable_token, methods=["POST"]),
            Route("/cgi-bin/message/template/send", server.send, methods=["POST"]),
            Route("/cgi-bin/template/get_all_private_template", server.list_templates),
        ]
    )
