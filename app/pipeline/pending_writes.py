"""Results of processed entries that are not yet durable: readings for the history, refusals for the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from app.pipeline.ports import PipelineStores, RefusalBatch
from app.pipeline.retry import attempt_write
from app.pipeline.timings import PipelineTimings
from domain import Reading
from ingest.frame import JournalEntry

log = logging.getLogger("fengshao.pending_writes")
HISTORY_FLUSH_READINGS = 20_000
"""Appended readings after which the history is flushed without waiting for a checkpoint."""
REFUSAL_BATCH_ENTRIES = 100
"""Journal entries with refusals that are stored in one transaction while a backlog is processed."""


class PendingWrites:
    """Collects results and writes them in batches."""

    def __init__(self, stores: PipelineStores, timings: PipelineTimings) -> None:
        self._stores = stores
        self._refusals: list[RefusalBatch] = []
        self._refusals_lock = asyncio.Lock()
        self._unflushed = 0
        self._flush_task: asyncio.Task[None] | None = None
        self.flush_history = timings.measure_writes(stores.history.flush)
        """Raises CannotWrite."""
        self.history_is_behind = False
        """Whether the history did not accept an entry; it is read from the journal at the next start."""

    def append_history(self, entry: JournalEntry, readings: Sequence[Reading]) -> None:
        """Append to the history, which writes in its own thread while processing goes on."""
        accepted = self._stores.history.append(entry.lane, entry.pos, readings)
        if not accepted and not self.history_is_behind:
            self.history_is_behind = True
            log.error("the history accepts no more readings: they are in the journal only, until the next start")
        self._unflushed += len(readings)
        if self._unflushed >= HISTORY_FLUSH_READINGS and (self._flush_task is None or self._flush_task.done()):
            self._unflushed = 0
            self._flush_task = asyncio.create_task(attempt_write(self.flush_history, "history"))

    def add_refusals(self, batch: RefusalBatch) -> None:
        """Stored by the next `flush_refusals`."""
        if batch.refusals or batch.announcements:
            self._refusals.append(batch)

    def refusals_due(self, *, idle: bool) -> bool:
        """Whether refusals should be written now: a full batch, or any when nothing else waits."""
        return len(self._refusals) >= (1 if idle else REFUSAL_BATCH_ENTRIES)

    async def flush_refusals(self) -> None:
        """Raises CannotWrite; then they stay pending."""
        async with self._refusals_lock:  # a checkpoint is stored while processing goes on
            if self._refusals:
                count = len(self._refusals)
                await self._stores.store_refusals(self._refusals[:count])
                del self._refusals[:count]
