"""What WeCom members see: messages, cards and their buttons, greyed or not. It knows nothing of HTTP."""

from __future__ import annotations

import asyncio
from itertools import takewhile
from typing import Any, Final

from msgspec import Struct, field

from domain import DAY, MINUTE, Instant

_RESPONSE_CODE_LIVES_MS: Final = 3 * DAY
_PER_MINUTE: Final = 30


class Notice(Struct):
    """One message on one member's screen. `replaced` is the text that took the place of the buttons."""

    userid: str
    msgid: str
    kind: str
    body: dict[str, Any]
    at: Instant
    task_id: str = ""
    replaced: str | None = None

    @property
    def text(self) -> str:
        """Everything a person reads on it."""
        return " ".join(_strings(self.body))

    @property
    def buttons(self) -> dict[str, str]:
        """Key -> text of the buttons that can still be pressed."""
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
    """A single-use permission to change the cards of one message."""

    msgid: str
    until: Instant


class Inboxes(Struct):
    """All members' screens, oldest message first."""

    notices: list[Notice] = field(default_factory=list)
    dropped: list[Notice] = field(default_factory=list)
    codes: dict[str, ResponseCode] = field(default_factory=dict)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    issued: int = 0

    def notices_of(self, userid: str) -> list[Notice]:
        """One member's messages, oldest first."""
        return [notice for notice in self.notices if notice.userid == userid]

    async def put(self, notice: Notice) -> None:
        """Show it, unless the member had thirty in the last minute: then it vanishes without an error."""
        recent = takewhile(lambda one: notice.at - one.at < MINUTE, reversed(self.notices))
        if sum(one.userid == notice.userid for one in recent) >= _PER_MINUTE:
            self.dropped.append(notice)
            return
        async with self.arrived:
            self.notices.append(notice)
            self.arrived.notify_all()

    def issue_code(self, msgid: str, now: Instant) -> str:
        """A new response code for a message."""
        self.issued += 1
        code = f"response-code-{self.issued:06d}"
        self.codes[code] = ResponseCode(msgid, now + _RESPONSE_CODE_LIVES_MS)
        return code

    def replace_buttons(self, code: str, userids: list[str], text: str, now: Instant) -> bool:
        """Grey the buttons of these members' cards. False when the code is unknown, used or too old."""
        permission = self.codes.pop(code, None)
        if permission is None or now > permission.until:
            return False
        for notice in self.notices:
            if notice.msgid == permission.msgid and notice.userid in userids:
                notice.replaced = text
        return True

    async def expect(self, userid: str, *parts: str, within_s: float = 5.0) -> Notice:
        """Wait for a message on this member's screen that shows every part (buttons and greyed text too)."""

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
                got = [one.text for one in self.notices_of(userid)] or "nothing"
                raise AssertionError(f"{userid} was expected to see {parts} within {within_s} s; sees {got}") from None
        notice = found()
        assert notice is not None
        return notice

    async def notify_changed(self) -> None:
        """Something on a screen changed: wake those who wait."""
        async with self.arrived:
            self.arrived.notify_all()
