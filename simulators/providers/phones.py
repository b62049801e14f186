"""Simulated phones: the texts that each has received, newest last."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from msgspec import Struct

from domain import Instant

_MAX_TEXTS: Final = 10_000


class PhoneText(Struct, frozen=True):
    """One received text. `n` counts all texts from 1."""

    n: int
    phone: str
    text: str
    at: Instant


class Phones:
    """All phones of a provider; beyond ten thousand texts the oldest are dropped."""

    def __init__(self) -> None:
        self.texts: deque[PhoneText] = deque(maxlen=_MAX_TEXTS)
        self._count = 0
        self._arrived = asyncio.Condition()

    async def put(self, phone: str, text: str, at: Instant) -> PhoneText:
        """Deliver a text."""
        async with self._arrived:
            self._count += 1
            received = PhoneText(self._count, phone, text, at)
            self.texts.append(received)
            self._arrived.notify_all()
        return received

    def texts_of(self, phone: str) -> list[PhoneText]:
        """The texts of one phone, oldest first."""
        return [text for text in self.texts if text.phone == phone]

    def page(self, limit: int, before: int | None) -> tuple[list[PhoneText], int | None]:
        """Up to `limit` texts with `n` below `before`, newest first, and the `before` of the next page."""
        older = [text for text in reversed(self.texts) if before is None or text.n < before]
        page = older[:limit]
        return page, page[-1].n if len(older) > limit else None

    async def expect(self, phone: str, *parts: str, within_s: float = 30.0) -> PhoneText:
        """Wait for a text on this phone that contains every part; texts received before the call count too."""

        def found() -> PhoneText | None:
            return next((text for text in self.texts_of(phone) if all(part in text.text for part in parts)), None)

        async with self._arrived:
            try:
                async with asyncio.timeout(within_s):
                    await self._arrived.wait_for(lambda: found() is not None)
            except TimeoutError:
                received = [text.text for text in self.texts_of(phone)] or "nothing"
                raise AssertionError(
                    f"{phone} was expected to show {parts} within {within_s} s; it shows {received}"
                ) from None
        text = found()
        assert text is not None
        return text
