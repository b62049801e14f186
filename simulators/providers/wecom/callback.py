"""Callbacks of WeCom to the application: URL verification, button events, and the passive reply, all encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx2
from defusedxml import ElementTree

from domain import SECOND, Instant
from simulators.providers.wecom.crypto import BadEnvelope, Envelopes

_MAX_ATTEMPTS: Final = 3
_ECHO: Final = "1616140317555161061"


class CallbackFailed(Exception):
    """The application did not respond as the provider requires."""


class Callback:
    """Callbacks to one application."""

    def __init__(self, token: str, aes_key: str, corp_id: str, agent_id: int, clock: Callable[[], Instant]) -> None:
        self.envelopes = Envelopes(token, aes_key, corp_id)
        self._corp_id, self._agent_id, self._clock = corp_id, agent_id, clock
        self._nonce = 1_372_623_149

    async def verify(self, http: httpx2.AsyncClient, url: str) -> None:
        """URL verification: GET with an encrypted echostr, which the application must return decrypted."""
        sealed = self._seal(_ECHO)
        response = await http.get(url, params={**self._signed(sealed), "echostr": sealed})
        if response.status_code != 200 or response.content != _ECHO.encode():
            raise CallbackFailed(f"echostr was answered {response.status_code} {response.content[:80]!r}")

    def click_event(self, userid: str, key: str, task_id: str, response_code: str) -> str:
        """The unencrypted event of a pressed button."""
        return (
            f"<xml><ToUserName><![CDATA[{self._corp_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{userid}]]></FromUserName>"
            f"<CreateTime>{self._clock() // SECOND}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
            f"<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
            f"<TaskId><![CDATA[{task_id}]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>"
            f"<ResponseCode><![CDATA[{response_code}]]></ResponseCode><AgentID>{self._agent_id}</AgentID></xml>"
        )

    async def push(self, http: httpx2.AsyncClient, url: str, event: str) -> str | None:
        """Send an event, in up to three attempts; returns the text that replaces the buttons, None without one."""
        sealed = self._seal(event)
        body = (
            f"<xml><ToUserName><![CDATA[{self._corp_id}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"<AgentID><![CDATA[{self._agent_id}]]></AgentID></xml>"
        )
        params = self._signed(sealed)
        last_error = ""
        for _ in range(_MAX_ATTEMPTS):
            try:
                response = await http.post(url, params=params, content=body, headers={"content-type": "text/xml"})
            except httpx2.HTTPError as error:
                last_error = repr(error)
                continue
            if response.status_code == 200:
                return self._replacement(response.text)
            last_error = f"{response.status_code} {response.text[:200]}"
        raise CallbackFailed(f"the event was answered: {last_error}")

    def _replacement(self, body: str) -> str | None:
        if not body.strip():
            return None
        outer = ElementTree.fromstring(body)
        names = ("MsgSignature", "TimeStamp", "Nonce", "Encrypt")
        try:
            inner = ElementTree.fromstring(self.envelopes.open(*(outer.findtext(name, "") for name in names)))
        except BadEnvelope as error:
            raise CallbackFailed(f"the passive reply has a bad {error}") from error
        if inner.findtext("MsgType") != "update_button":
            return None
        return inner.findtext("Button/ReplaceName")

    def _seal(self, text: str) -> str:
        self._nonce += 1
        return self.envelopes.seal(text, f"{self._nonce:016d}".encode())

    def _signed(self, sealed: str) -> dict[str, str]:
        timestamp, nonce = str(self._clock() // SECOND), str(self._nonce)
        signature = self.envelopes.sign(timestamp, nonce, sealed)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
