"""The alarm clock of the desk: wakes it when a deadline falls. It knows nothing of alerts but when the next is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from alerts.desk import Desk
from domain import SECOND, Instant

LONGEST_NAP_S: Final = 5.0
"""A clock that jumps, or a wake-up we missed, costs at most this."""


class Deadlines:
    """Runs the desk's deadlines, on time and after a restart."""

    def __init__(self, desk: Desk, clock: Callable[[], Instant]) -> None:
        self._desk, self._clock = desk, clock
        self._bell = asyncio.Event()

    def changed(self) -> None:
        """Something changed: the next deadline may be another."""
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._bell.clear()
            await self._desk.tick(self._clock())
            await self._nap(await self._desk.next_wake())

    async def _nap(self, wake: Instant | None) -> None:
        nap = LONGEST_NAP_S if wake is None else min(max((wake - self._clock()) / SECOND, 0.0), LONGEST_NAP_S)
        try:
            async with asyncio.timeout(nap):
                await self._bell.wait()
        except TimeoutError:
            return
