"""Readings and refusals between processing and disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from app.pipeline.pending_writes import HISTORY_FLUSH_READINGS, REFUSAL_BATCH_ENTRIES, PendingWrites
from app.pipeline.ports import RefusalBatch
from app.pipeline.timings import PipelineTimings
from domain import Instant, Lane, Reading, RefusalReason
from ingest.frame import JournalEntry
from ingest.results import Refusal
from store.errors import CannotWrite

REFUSAL = Refusal(1, "native", "t", b"", RefusalReason.BAD_PAYLOAD, "no JSON")
READING = Reading("gas-1", "gas_alarm", 1, 1, {})


class Stores:
    """A history and a database in memory, which may be full."""

    def __init__(self) -> None:
        self.history: Any = self
        self.accepts, self.full = True, False
        self.flushes = 0
        self.stored: list[RefusalBatch] = []
        self.during_write: list[RefusalBatch] = []
        self.save_file: PendingWrites | None = None

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        return self.accepts

    async def flush(self) -> None:
        self.flushes += 1

    async def store_refusals(self, batches: Sequence[RefusalBatch]) -> None:
        if self.full:
            raise CannotWrite("disk full")
        self.stored += batches
        for batch in self.during_write:
            assert self.save_file is not None
            self.save_file.add_refusals(batch)

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None: ...


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def writes(stores: Stores) -> PendingWrites:
    stores.save_file = PendingWrites(stores, PipelineTimings())
    return stores.save_file


def batch(pos: int) -> RefusalBatch:
    return RefusalBatch(Lane.BULK, pos, [REFUSAL], [])


async def test_refusals_that_the_disk_did_not_take_stay_pending(stores: Stores, writes: PendingWrites) -> None:
    writes.add_refusals(batch(1))
    stores.full = True
    with pytest.raises(CannotWrite):
        await writes.flush_refusals()
    stores.full = False
    await writes.flush_refusals()
    await writes.flush_refusals()
    assert [1] == [one.pos for one in stores.stored]


async def test_a_refusal_added_while_others_are_written_is_not_lost(stores: Stores, writes: PendingWrites) -> None:
    stores.during_write = [batch(2)]
    writes.add_refusals(batch(1))
    await writes.flush_refusals()
    stores.during_write = []
    await writes.flush_refusals()
    assert [1, 2] == [one.pos for one in stores.stored]


def test_an_entry_without_refusals_is_no_write(writes: PendingWrites) -> None:
    writes.add_refusals(RefusalBatch(Lane.BULK, 1, [], []))
    assert not writes.refusals_due(idle=True)


def test_refusals_are_written_in_batches_unless_nothing_else_waits(writes: PendingWrites) -> None:
    for pos in range(REFUSAL_BATCH_ENTRIES - 1):
        writes.add_refusals(batch(pos))
    assert writes.refusals_due(idle=True)
    assert not writes.refusals_due(idle=False)
    writes.add_refusals(batch(REFUSAL_BATCH_ENTRIES))
    assert writes.refusals_due(idle=False)


async def test_the_history_is_flushed_after_many_readings_and_once_at_a_time(
    stores: Stores, writes: PendingWrites
) -> None:
    readings = [READING] * HISTORY_FLUSH_READINGS
    writes.append_history(JournalEntry(Lane.BULK, 1, []), readings)
    writes.append_history(JournalEntry(Lane.BULK, 2, []), readings)  # the first flush has not begun
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stores.flushes == 1
    assert not writes.history_is_behind


def test_a_history_that_does_not_accept_an_entry_is_behind_for_good_and_the_log_says_so_once(
    stores: Stores, writes: PendingWrites, caplog: pytest.LogCaptureFixture
) -> None:
    stores.accepts = False
    for pos in (1, 2):
        writes.append_history(JournalEntry(Lane.BULK, pos, []), [READING])
    stores.accepts = True
    writes.append_history(JournalEntry(Lane.BULK, 3, []), [READING])
    assert writes.history_is_behind
    assert len(caplog.records) == 1
