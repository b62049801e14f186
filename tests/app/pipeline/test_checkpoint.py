"""When a checkpoint is saved, what it holds, and that none passes what is not durable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from app.pipeline import checkpoint
from app.pipeline.checkpoint import CHECKPOINT_IDLE_EVERY, CHECKPOINT_PAUSE_FACTOR, Checkpointer
from domain import Instant, Lane

EVERY_MS = 10_000
POSITIONS = {Lane.URGENT: 1, Lane.BULK: 7}


class Part:
    """A decoder or an engine: its state is a text."""

    def __init__(self, state: bytes) -> None:
        self.state = state

    def snapshot(self) -> bytes:
        return self.state

    def restore(self, state: bytes) -> None:
        self.state = state


class Disk:
    """Pending writes and stores of one pipeline, in memory."""

    def __init__(self) -> None:
        self.now, self.encoding_ms = 1_000_000, 0
        self.history_is_behind = False
        self.actions: list[str] = []
        self.saved: list[tuple[Mapping[Lane, int], Instant, bytes]] = []

    def clock(self) -> Instant:
        return self.now

    async def flush_refusals(self) -> None:
        self.actions.append("refusals")

    async def flush_history(self) -> None:
        self.actions.append("history")

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None:
        self.actions.append("checkpoint")
        self.saved.append((positions, now, snapshot))


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def checkpointer(disk: Disk) -> Checkpointer:
    class Slow(Part):
        def snapshot(self) -> bytes:
            assert checkpointer.encoding
            disk.now += disk.encoding_ms
            return self.state

    parts: Any = Slow(b"decoder"), Part(b"engine")
    stores: Any = disk
    checkpointer = Checkpointer(*parts, stores, stores, disk.clock, EVERY_MS)
    return checkpointer


async def test_readings_and_refusals_are_durable_before_the_checkpoint_that_stands_behind_them(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    await checkpointer.save(POSITIONS)
    assert disk.actions == ["refusals", "history", "checkpoint"]
    assert disk.saved[0][:2] == (POSITIONS, 1_000_000)
    assert checkpointer.saved_positions == POSITIONS
    assert not checkpointer.encoding


async def test_no_checkpoint_passes_an_entry_that_the_history_did_not_accept(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    disk.history_is_behind = True
    await checkpointer.save(POSITIONS, always=True)
    assert disk.saved == []
    assert checkpointer.saved_positions == {}


async def test_without_new_entries_a_checkpoint_is_saved_now_and_then_for_the_timers(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    checkpointer.saved_positions = dict(POSITIONS)
    for _ in range(2 * CHECKPOINT_IDLE_EVERY):
        await checkpointer.save(POSITIONS)
    assert len(disk.saved) == 2
    await checkpointer.save(POSITIONS, always=True)
    assert len(disk.saved) == 3


async def test_a_checkpoint_is_due_after_its_interval_or_twenty_times_as_long_as_the_last_one_took(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    assert checkpointer.is_due
    await checkpointer.save(POSITIONS)
    begin = disk.now
    assert not checkpointer.is_due
    disk.now = begin + EVERY_MS
    assert checkpointer.is_due

    disk.encoding_ms = 2_000
    begin = disk.now
    await checkpointer.save(POSITIONS, always=True)
    disk.now = begin + CHECKPOINT_PAUSE_FACTOR * 2_000 - 1
    assert not checkpointer.is_due
    disk.now += 1
    assert checkpointer.is_due


def test_a_snapshot_has_the_keys_that_earlier_versions_wrote() -> None:
    parts: Any = Part(b"decoder"), Part(b"engine")
    blob = checkpoint.encode(*parts)
    assert msgspec.msgpack.decode(blob) == {"listener": b"decoder", "engine": b"engine"}

    restored: Any = Part(b""), Part(b"")
    checkpoint.restore(blob, *restored)
    assert [part.state for part in restored] == [b"decoder", b"engine"]


def test_rulebooks_that_this_version_cannot_read_are_none_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert checkpoint.rulebooks_in(None) == []
    assert checkpoint.rulebooks_in(b"\xc1") == []
    assert "the rulebooks of the last run cannot be read" in caplog.text
