"""A host for one machine: keeps the engine's wake-ups in real time on asyncio. The clock and the sleep are given to it;
it knows no journal and no alerts, only whom to give findings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from domain import Finding, Instant, Reading
from rules.engine import Engine

Deliver = Callable[[list[Finding]], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]

SLICE: Final = 500
"""Wake-ups run in one go: an outage that ends wakes everybody, and an SOS must not wait behind them."""
LONGEST_SLEEP_S: Final = 60.0


class EmbeddedHost:
    """Feeds the engine and wakes it. `heard_until` says up to which instant all that was received has been fed: with a
    backlog, time stands still at the first entry not yet fed, or a hold would complete that the backlog contradicts.
    """

    def __init__(
        self,
        engine: Engine,
        deliver: Deliver,
        clock: Callable[[], Instant],
        *,
        heard_until: Callable[[], Instant] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.engine = engine
        self._deliver, self._clock, self._sleep = deliver, clock, sleep
        self._heard_until = heard_until or clock
        self._sooner = asyncio.Event()
        self._sleeping_until: Instant | None = None

    async def feed(self, readings: Sequence[Reading], now: Instant) -> list[Finding]:
        """Judges what was heard and delivers what it says."""
        findings = self.engine.feed(readings, now, self._heard_until())
        self._wake_if_sooner()
        if findings:
            await self._deliver(findings)
        return findings

    async def run(self) -> None:
        """Keeps every wake-up until cancelled."""
        while True:
            findings = self.engine.tick(self._now(), limit=SLICE)
            if findings:
                await self._deliver(findings)
            await self._rest()

    def poke(self) -> None:
        """Something else than a reading changed what is owed: devices were enrolled, a snapshot was taken up."""
        self._sooner.set()

    def _now(self) -> Instant:
        return min(self._clock(), self._heard_until())

    def _wake_if_sooner(self) -> None:
        due = self.engine.next_wake()
        if due is not None and self._sleeping_until is not None and due < self._sleeping_until:
            self._sooner.set()

    async def _rest(self) -> None:
        due, now = self.engine.next_wake(), self._now()
        wait = LONGEST_SLEEP_S if due is None else min(max((due - now) / 1000, 0.0), LONGEST_SLEEP_S)
        self._sleeping_until = now + round(wait * 1000)
        self._sooner.clear()
        sleeping = asyncio.ensure_future(self._sleep(wait))
        sooner = asyncio.ensure_future(self._sooner.wait())
        try:
            await asyncio.wait((sleeping, sooner), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            sooner.cancel()
