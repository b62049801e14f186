"""Stores findings in a task of its own: evaluation goes on while an alert is written and synced to the disk.

What is emitted meanwhile is stored together afterwards. Batches are stored one after the other, in the order in which
their findings were emitted; only critical dangers come first (see deferred_findings).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.pipeline.deferred_findings import MAX_WAITING, DeferredFindings, FindingBatch, JournalPosition, is_urgent
from app.pipeline.ports import FindingSink
from app.pipeline.retry import retry_until_writable
from domain import SECOND, Finding, Instant

STORM_MS: Final = 1_000
"""For this time after a critical danger others are stored for a part of the time only: the notification of people
needs the processor too."""
MAX_URGENT: Final = 5_000
"""Beyond this number of critical findings that wait (the disk is full), entries are not processed."""


def monotonic_ms() -> Instant:
    """The event loop's time. Pauses are measured by it: a step of the wall clock must not delay what waits."""
    return round(asyncio.get_running_loop().time() * SECOND)


class FindingWriter:
    """Findings that are not stored yet, and the task that stores them.

    `is_quiet` tells whether no message waits; `on_idle` is called when everything is stored.
    """

    def __init__(
        self,
        sink: FindingSink,
        is_quiet: Callable[[], bool],
        on_idle: Callable[[], None],
        clock: Callable[[], Instant] = monotonic_ms,
    ) -> None:
        self.sink, self._clock, self._is_quiet, self._on_idle = sink, clock, is_quiet, on_idle
        self._urgent: list[Finding] = []
        self._storing_urgent: Sequence[Finding] = ()
        self._deferred = DeferredFindings()
        self._is_storing, self._drains = False, 0
        self._urgent_added = self._urgent_stored = self._batches_begun = self._batches_stored = 0
        self._storm_until: Instant = 0
        self._wakeup, self._stored = asyncio.Event(), asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Whether everything that was added is stored."""
        return not (self._is_storing or self._urgent or self._deferred)

    def unstored_dangers(self) -> list[Finding]:
        """Critical dangers that are not stored yet."""
        return [finding for finding in (*self._storing_urgent, *self._urgent) if is_urgent(finding)]

    @property
    def has_deferred(self) -> bool:
        """Whether findings wait that are no critical dangers."""
        return bool(self._deferred)

    @property
    def is_full(self) -> bool:
        """Whether so many wait that no further entry should be processed."""
        return len(self._urgent) > MAX_URGENT or len(self._deferred) > MAX_WAITING

    def add(self, findings: Sequence[Finding], position: JournalPosition | None, *, none_waits: bool = False) -> None:
        """Hand over findings of the journal entry at `position`. `none_waits`: all are stored at once."""
        urgent = self._deferred.add(findings, position, none_waits=none_waits)
        self._urgent += urgent
        self._urgent_added += len(urgent)
        self._wakeup.set()

    def wake(self) -> None:
        """Look again whether a batch is due: no message waits any more."""
        self._wakeup.set()

    async def drain(self) -> None:
        """Return when everything is stored."""
        self._drains += 1
        self._wakeup.set()
        try:
            while not self.is_idle:
                await self._stored.wait()
        finally:
            self._drains -= 1

    def stored_so_far(self) -> Callable[[], Awaitable[None]]:
        """A function that returns when everything is stored that was added until now; none of it may be deferred.

        Evaluation goes on meanwhile: while the ledger takes nothing, a danger that is heard must be found.
        """
        added, begun = self._urgent_added, self._batches_begun

        async def stored() -> None:
            while self._urgent_stored < added or self._batches_stored < begun:
                await self._stored.wait()

        return stored

    async def drain_urgent(self) -> None:
        """Return when everything is stored that was added until now and does not wait."""
        added = self._urgent_added
        while self._urgent_stored < added:
            await self._stored.wait()

    async def wait_for_room(self) -> None:
        """Return when further findings may be added."""
        while self.is_full:
            await self._stored.wait()

    async def run(self) -> None:
        """Store what is due until cancelled."""
        while True:
            self._wakeup.clear()
            batch = self._next_batch()
            if batch is None:
                await self._sleep()
            else:
                await self._store(batch)
                await asyncio.sleep(0)  # a sink that never suspends must not keep entries from being processed

    def _next_batch(self) -> FindingBatch | None:
        if self._urgent:
            urgent, self._urgent = self._urgent, []
            self._storing_urgent = urgent
            self._storm_until = self._clock() + STORM_MS
            return FindingBatch(urgent, is_urgent=True)
        now = self._clock()
        idle = bool(self._drains) or (self._is_quiet() and now >= self._storm_until)
        return self._deferred.take() if self._deferred.is_batch_due(now, idle) else None

    async def _store(self, batch: FindingBatch) -> None:
        self._is_storing, began = True, self._clock()
        self._batches_begun += 1
        lane, pos = batch.position or (None, None)
        await retry_until_writable(lambda: self.sink.process_findings(batch.findings, lane, pos), "findings")
        if batch.is_urgent:
            self._urgent_stored += len(batch.findings)
            self._storing_urgent = ()
        else:
            self._deferred.note_stored(began, self._clock())
        self._is_storing = False
        self._batches_stored += 1
        self._stored.set()
        self._stored.clear()  # those who waited are woken by `set`
        if self.is_idle:
            self._on_idle()

    async def _sleep(self) -> None:
        """Until something is added, or the next batch is due."""
        wait_s = None if not self._deferred else max(0.0, (self._deferred.next_batch_at - self._clock()) / SECOND)
        try:
            async with asyncio.timeout(wait_s):
                await self._wakeup.wait()
        except TimeoutError:
            return
