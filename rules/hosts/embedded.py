"""EmbeddedHost: runs the engine inside an asyncio service. The caller passes readings and the time.

Findings are delivered before `feed` and `run_timers` return, so that a checkpoint between two calls holds nothing
undelivered.
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
    """Feeds the engine and runs its timers.

    `watermark` and `run_timers(now)` give the instant up to which everything received was fed: with a backlog, time
    stands still at the first entry not yet fed, or a hold would elapse that the backlog contradicts.
    """

    def __init__(self, engine: Engine, deliver: Deliver) -> None:
        self.engine = engine
        self._deliver = deliver

    async def feed(
        self,
        readings: Sequence[Reading],
        now: Instant,
        watermark: Instant | None = None,
        ahead_of_backlog: bool = False,
    ) -> None:
        """Evaluates readings and delivers the findings. `ahead_of_backlog`: they overtook earlier ones."""
        await self._deliver_findings(
            self.engine.feed(readings, now, watermark=watermark, ahead_of_backlog=ahead_of_backlog)
        )

    async def run_timers(self, now: Instant) -> None:
        """Runs due timers, at most `SLICE` at a time: `seconds_until_timer` is 0 while more are due."""
        due = self.engine.next_timer()
        if due is not None and due <= now:
            await self._deliver_findings(self.engine.tick(now, limit=SLICE))

    def seconds_until_timer(self, now: Instant, longest_s: float) -> float:
        """Seconds until the next timer, at most `longest_s`."""
        due = self.engine.next_timer()
        return longest_s if due is None else min(max((due - now) / 1000, 0.0), longest_s)

    async def _deliver_findings(self, findings: Sequence[Finding]) -> None:
        if findings:
            await self._deliver(findings)
