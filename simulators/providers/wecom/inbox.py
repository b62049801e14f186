"""Messages and cards on the screens of WeCom members, with the state of their buttons."""

from __future__ import annotations

import asyncio
from itertools import takewhile
from typing import Any, Final

from msgspec import Struct, field

from domain import DAY, MINUTE, Instant

_RESPONSE_CODE_LIFETIME_MS: Final = 3 * DAY
_MAX_PER_MINUTE: Final = 30


class Notice(Struct):
    """One message on a member's screen. `replaced`: the text shown in place of the buttons."""

    userid: str
    msgid: str
    kind: str
    body: dict[str, Any]
    at: Instant
    task_id: str = ""
    replaced: str | None = None

    @property
    def text(self) -> str:
        """All texts of the message."""
        return " ".join(_strings(self.body))

    @property
    def buttons(self) -> dict[str, str]:
        """Key and text of each button that can still be pressed."""
        if self.replaced is not None:
            return {}
        return {button["key"]: button["text"] for button in self.body.get("button_list", [])}


def _strings(part: object) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in _strings(value)]
    if isinstance(part, list):
        return [text for value in part for text in _strings(value)]
    return [part] if isinstance(part, str) else []


class ResponseCode(Struct):
    """A single-use code for updating the cards of one message."""

    msgid: str
    until: Instant


class Inboxes(Struct):
    """The messages of all members, oldest first."""

    notices: list[Notice] = field(default_factory=list)
    dropped: list[Notice] = field(default_factory=list)
    codes: dict[str, ResponseCode] = field(default_factory=dict)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    issued: int = 0

    def notices_of(self, userid: str) -> list[Notice]:
        """One member's messages, oldest first."""
        return [notice for notice in self.notices if notice.userid == userid]

    async def put(self, notice: Notice) -> None:
        """Deliver a message; dropped without an error when the member got thirty in the last minute."""
        recent = takewhile(lambda earlier: notice.at - earlier.at < MINUTE, reversed(self.notices))
        if sum(earlier.userid == notice.userid for earlier in recent) >= _MAX_PER_MINUTE:
            self.dropped.append(notice)
            return
        async with self.arrived:
            self.notices.append(notice)
            self.arrived.notify_all()

    def issue_code(self, msgid: str, now: Instant) -> str:
        """Issue a response code for a message."""
        self.issued += 1
        code = f"response-code-{self.issued:06d}"
        self.codes[code] = ResponseCode(msgid, now + _RESPONSE_CODE_LIFETIME_MS)
        return code

    def replace_buttons(self, code: str, userids: list[str], text: str, now: Instant) -> bool:
        """Replace the buttons of these members' cards. False when the code is unknown, used or expired."""
        issued = self.codes.pop(code, None)
        if issued is None or now > issued.until:
            return False
        for notice in self.notices:
            if notice.msgid == issued.msgid and notice.userid in userids:
                notice.replaced = text
        return True

    async def expect(self, userid: str, *parts: str, within_s: float = 30.0) -> Notice:
        """Wait for a message to this member with every part, in texts, buttons or replaced text."""

        def found() -> Notice | None:
            shown = (
                one
                for one in reversed(self.notices_of(userid))
                if all(p in f"{one.text} {one.replaced}" for p in parts)
            )
            return next(shown, None)

        async with self.arrived:
            try:
                async with asyncio.timeout(within_s):
                    await self.arrived.wait_for(lambda: found() is not None)
            except TimeoutError:
                received = [notice.text for notice in self.notices_of(userid)] or "nothing"
                raise AssertionError(
                    f"{userid} was expected to see {parts} within {within_s} s; sees {received}"
                ) from None
        notice = found()
        assert notice is not None
        return notice

    async def notify_changed(self) -> None:
        """Wake all that wait for a change of a message."""
        async with self.arrived:
            self.arrived.notify_all()
