"""The phones of a demo or a test: what each has received, newest last. It knows nothing of who delivers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from msgspec import Struct

from domain import Instant

_KEPT: Final = 10_000


class PhoneText(Struct, frozen=True):
    """One text as it stands on a phone's screen. `n` counts all texts from 1."""

    n: int
    phone: str
    text: str
    at: Instant


class Phones:
    """Every phone the provider can reach; the oldest texts are forgotten beyond ten thousand."""

    def __init__(self) -> None:
        self.texts: deque[PhoneText] = deque(maxlen=_KEPT)
        self._count = 0
        self._arrived = asyncio.Condition()

    async def put(self, phone: str, text: str, at: Instant) -> PhoneText:
        """A text arrives."""
        async with self._arrived:
            self._count += 1
            arrived = PhoneText(self._count, phone, text, at)
            self.texts.append(arrived)
            self._arrived.notify_all()
        return arrived

    def texts_of(self, phone: str) -> list[PhoneText]:
        """The texts of one phone, oldest first."""
        return [text for text in self.texts if text.phone == phone]

    def page(self, limit: int, before: int | None) -> tuple[list[PhoneText], int | None]:
        """At most `limit` texts, newest first, older than `before`; and where the next page starts."""
        older = [text for text in reversed(self.texts) if before is None or text.n < before]
        shown = older[:limit]
        return shown, shown[-1].n if len(older) > limit else None

    async def expect(self, phone: str, *parts: str, within_s: float = 5.0) -> PhoneText:
        """Wait for a text on this phone that contains every part, also one that came before."""

        def found() -> PhoneText | None:
            return next((text for text in self.texts_of(phone) if all(part in text.text for part in parts)), None)

        async with self._arrived:
            try:
                async with asyncio.timeout(within_s):
                    await self._arrived.wait_for(lambda: found() is not None)
            except TimeoutError:
                got = [text.text for text in self.texts_of(phone)] or "nothing"
                raise AssertionError(
                    f"{phone} was expected to show {parts} within {within_s} s; it shows {got}"
                ) from None
        text = found()
        assert text is not None
        return text
