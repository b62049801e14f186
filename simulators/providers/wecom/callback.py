"""WeCom calling the application: the address check and the button event, sealed, and the passive reply opened.

It knows nothing of who sees which card.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import httpx2
from defusedxml import ElementTree

from domain import SECOND, Instant
from simulators.providers.wecom.crypto import BadEnvelope, Envelopes

_TRIES: Final = 3
_ECHO: Final = "1616140317555161061"


class CallbackFailed(Exception):
    """The application did not answer as the vendor demands."""


class Callback:
    """Everything WeCom sends to one application."""

    def __init__(self, token: str, aes_key: str, corp_id: str, agent_id: int, clock: Callable[[], Instant]) -> None:
        self.envelopes = Envelopes(token, aes_key, corp_id)
        self._corp_id, self._agent_id, self._clock = corp_id, agent_id, clock
        self._nonce = 1_372_623_149

    async def verify(self, http: httpx2.AsyncClient, url: str) -> None:
        """GET with echostr: the answer is the text inside, to the letter."""
        answer = await http.get(url, params={**self._signed(sealed := self._seal(_ECHO)), "echostr": sealed})
        if answer.status_code != 200 or answer.content != _ECHO.encode():
            raise CallbackFailed(f"echostr was answered {answer.status_code} {answer.content[:80]!r}")

    def click_event(self, userid: str, key: str, task_id: str, response_code: str) -> str:
        """The event of a pressed button, in the clear."""
        return (
            f"<xml><ToUserName><![CDATA[{self._corp_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{userid}]]></FromUserName>"
            f"<CreateTime>{self._clock() // SECOND}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
            f"<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[{key}]]></EventKey>"
            f"<TaskId><![CDATA[{task_id}]]></TaskId><CardType><![CDATA[button_interaction]]></CardType>"
            f"<ResponseCode><![CDATA[{response_code}]]></ResponseCode><AgentID>{self._agent_id}</AgentID></xml>"
        )

    async def push(self, http: httpx2.AsyncClient, url: str, event: str) -> str | None:
        """Send an event, three times at most. What the buttons are replaced by, or None for an empty answer."""
        sealed = self._seal(event)
        body = (
            f"<xml><ToUserName><![CDATA[{self._corp_id}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"<AgentID><![CDATA[{self._agent_id}]]></AgentID></xml>"
        )
        params = self._signed(sealed)
        last = ""
        for _ in range(_TRIES):
            try:
                answer = await http.post(url, params=params, content=body, headers={"content-type": "text/xml"})
            except httpx2.HTTPError as error:
                last = repr(error)
                continue
            if answer.status_code == 200:
                return self._replacement(answer.text)
            last = f"{answer.status_code} {answer.text[:200]}"
        raise CallbackFailed(f"the event was answered: {last}")

    def _replacement(self, answer: str) -> str | None:
        if not answer.strip():
            return None
        outer = ElementTree.fromstring(answer)
        names = ("MsgSignature", "TimeStamp", "Nonce", "Encrypt")
        try:
            inner = ElementTree.fromstring(self.envelopes.open(*(outer.findtext(name, "") for name in names)))
        except BadEnvelope as bad:
            raise CallbackFailed(f"the passive reply has a bad {bad}") from bad
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
