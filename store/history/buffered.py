"""Base of the history backends: buffers appended readings and makes them durable in one worker thread."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from domain import Lane, Reading
from store.history import ServerStatus
from store.history.buffer import Buffer

T = TypeVar("T")

MAX_BUFFERED_READINGS: Final = 1_000_000
"""Readings held in memory while nothing can be written. Beyond it, readings stay in the journal only."""


class BufferedHistory(ABC):
    """The writing half of a `History`: append, flush, durable positions. A backend adds `_flush_batch` and queries."""

    def __init__(self, max_buffered_readings: int = MAX_BUFFERED_READINGS) -> None:
        self._buffer = Buffer(max_buffered_readings)
        self._durable: dict[Lane, int] = {}
        self._thread = ThreadPoolExecutor(1, "history")

    @property
    def pending(self) -> int:
        """Number of readings appended and not yet durable."""
        return self._buffer.readings

    @property
    def overflowed(self) -> bool:
        """True when the buffer was full: later readings are in the journal only, until the next start."""
        return self._buffer.overflowed

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """See History.append."""
        return self._buffer.append(lane, pos, readings)

    async def flush(self) -> None:
        """See History.flush. Raises CannotWrite; the readings stay buffered then, and the next flush tries again.

        What is appended meanwhile waits for the next flush: under a steady load this one would never end, and write
        each message by itself.
        """
        last = self._buffer.appended
        while self._buffer.dropped < last:
            await self._run(self._flush_batch)

    def position(self) -> dict[Lane, int]:
        """See History.position."""
        return dict(self._durable)

    def server_status(self) -> ServerStatus | None:
        """See History.server_status."""
        return None

    async def close(self) -> None:
        """See History.close."""
        try:
            await self.flush()
        finally:
            await self._run(self._disconnect)
            self._thread.shutdown()

    def _flush_blocking(self) -> None:
        """`flush` for callers that run in a thread of their own."""
        last = self._buffer.appended
        while self._buffer.dropped < last:
            self._thread.submit(self._call, self._flush_batch).result()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, work)

    def _call(self, work: Callable[[], T]) -> T:
        """Runs `work` in the worker thread; a backend translates its errors here."""
        return work()

    @abstractmethod
    def _flush_batch(self) -> None:
        """Makes the oldest buffered entries durable and drops them from the buffer. Runs in the worker thread."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Closes files or connections. Runs in the worker thread."""
