"""A host for one machine, inside somebody's loop: whoever drives it says what was heard and how late it is.

It knows no clock, journal or alerts. What the engine says is delivered before `feed` and `wake` return: a state that is
saved between two calls has been told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from domain import Finding, Instant, Reading
from rules.engine.engine import Engine

Deliver = Callable[[Sequence[Finding]], Awaitable[None]]

SLICE: Final = 500
"""Wake-ups run in one go: an outage that ends wakes everybody, and an SOS must not wait behind them."""


class EmbeddedHost:
    """Feeds the engine and wakes it.

    `heard_until` and `wake(now)` say up to which instant all that was received was fed: with a backlog, time stands
    still at the first entry not yet fed, or a hold would complete that the backlog contradicts.
    """

    def __init__(self, engine: Engine, deliver: Deliver) -> None:
        self.engine = engine
        self._deliver = deliver

    async def feed(
        self, readings: Sequence[Reading], now: Instant, heard_until: Instant | None = None, ahead: bool = False
    ) -> None:
        """Judges what was heard and delivers what it says. `ahead`: it overtook what waits."""
        await self._tell(self.engine.feed(readings, now, heard_until=heard_until, ahead=ahead))

    async def wake(self, now: Instant) -> None:
        """Keeps what is owed by now, a slice at a time: `rest_s` is 0 while more is due."""
        due = self.engine.next_wake()
        if due is not None and due <= now:
            await self._tell(self.engine.tick(now, limit=SLICE))

    def rest_s(self, now: Instant, longest_s: float) -> float:
        """How long nothing is owed, in seconds, at most `longest_s`."""
        due = self.engine.next_wake()
        return longest_s if due is None else min(max((due - now) / 1000, 0.0), longest_s)

    async def _tell(self, findings: Sequence[Finding]) -> None:
        if findings:
            await self._deliver(findings)
