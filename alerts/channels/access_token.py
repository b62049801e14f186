"""The access token of one application: shared by all senders, fetched by one of them at a time.

Providers limit fetches, and a fetch may end the token before it; so a token that was refused is dropped only by the
first sender that reports it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from domain import MINUTE, SECOND, Instant

REFRESH_BEFORE_MS: Final = 10 * MINUTE
"""A token is fetched again this long before it expires, at the latest after half of its life."""


class FetchedToken(Struct, frozen=True):
    """A provider's answer: a token and its lifetime, or without one its error code."""

    value: str = ""
    lifetime_s: int = 0
    errcode: int = 0


class AccessToken:
    """Gives the current token; `fetch` asks the provider, and its errors of transport go to the sender."""

    def __init__(self, fetch: Callable[[], Awaitable[FetchedToken]], clock: Callable[[], Instant]) -> None:
        self._fetch, self._clock = fetch, clock
        self._token, self._until = FetchedToken(), 0
        self._single_flight = asyncio.Lock()

    async def get(self) -> FetchedToken:
        """The current token, fetched if there is none; concurrent senders wait for one fetch."""
        async with self._single_flight:
            if self._clock() >= self._until:
                self._token = await self._fetch()
                lifetime_ms = self._token.lifetime_s * SECOND
                kept_ms = max(lifetime_ms - REFRESH_BEFORE_MS, lifetime_ms // 2)
                self._until = self._clock() + kept_ms if self._token.value else 0
            return self._token

    def drop(self, refused: str) -> None:
        """The provider refused this token; without effect when another sender has replaced it meanwhile."""
        if refused == self._token.value:
            self._until = 0
