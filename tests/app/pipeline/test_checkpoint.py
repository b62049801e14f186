"""When a checkpoint is saved, what it holds, and that none passes what is not durable."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import msgspec
import pytest

from app.pipeline import checkpoint
from app.pipeline.checkpoint import CHECKPOINT_IDLE_EVERY, CHECKPOINT_PAUSE_FACTOR, INTERRUPTIONS_MAX, Checkpointer
from domain import Instant, Lane
from store.errors import CannotWrite

EVERY_MS = 10_000
POSITIONS = {Lane.URGENT: 1, Lane.BULK: 7}


class Part:
    """A decoder or an engine: its state is a text."""

    def __init__(self, state: bytes) -> None:
        self.state = state

    def snapshot(self) -> bytes:
        return self.state

    def snapshot_in_steps(self, out: BytesIO) -> Iterator[None]:
        out.write(self.state)
        yield

    def restore(self, state: bytes) -> None:
        self.state = state


class Disk:
    """Pending writes and stores of one pipeline, in memory."""

    def __init__(self) -> None:
        self.now, self.encoding_ms = 1_000_000, 0
        self.history_is_behind = self.urgent_waits = False
        self.takes_checkpoints = asyncio.Event()
        self.takes_checkpoints.set()
        self.actions: list[str] = []
        self.saved: list[tuple[Mapping[Lane, int], Instant, bytes]] = []

    def clock(self) -> Instant:
        return self.now

    async def flush_refusals(self) -> None:
        self.actions.append("refusals")

    async def flush_history(self) -> None:
        self.actions.append("history")

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None:
        await self.takes_checkpoints.wait()
        self.actions.append("checkpoint")
        self.saved.append((positions, now, snapshot))


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def checkpointer(disk: Disk) -> Checkpointer:
    class Slow(Part):
        def snapshot_in_steps(self, out: BytesIO) -> Iterator[None]:
            assert checkpointer.encoding
            disk.now += disk.encoding_ms
            return super().snapshot_in_steps(out)

    parts: Any = Slow(b"decoder"), Part(b"engine")
    stores: Any = disk
    checkpointer = Checkpointer(*parts, stores, stores, disk.clock, EVERY_MS, lambda: disk.urgent_waits)
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


async def nothing_waits() -> None:
    """All findings are stored."""


async def test_processing_goes_on_while_a_checkpoint_is_stored(disk: Disk, checkpointer: Checkpointer) -> None:
    """Refusals, history and database took a tenth of a second in which no alarm was evaluated."""
    disk.takes_checkpoints.clear()
    assert await checkpointer.begin(POSITIONS, nothing_waits)
    await settle()
    assert disk.actions == ["refusals", "history"]
    assert not checkpointer.encoding
    assert checkpointer.saved_positions == {}, "the journal must keep what is not in a checkpoint"

    disk.now += EVERY_MS
    assert not await checkpointer.begin(POSITIONS | {Lane.BULK: 8}, nothing_waits)
    disk.takes_checkpoints.set()
    await settle()
    assert checkpointer.saved_positions == POSITIONS
    assert disk.saved[0][1] == 1_000_000, "the instant of the snapshot"


async def test_checkpoints_are_stored_in_the_order_of_their_positions(disk: Disk, checkpointer: Checkpointer) -> None:
    """A change of rules saves at once; an earlier snapshot stored after it would put the old rules back."""
    disk.takes_checkpoints.clear()
    assert await checkpointer.begin(POSITIONS, nothing_waits)
    later = POSITIONS | {Lane.BULK: 8}
    saving = asyncio.create_task(checkpointer.save(later, always=True))
    await settle()
    disk.takes_checkpoints.set()
    await saving
    assert [positions for positions, _, _ in disk.saved] == [POSITIONS, later]
    assert checkpointer.saved_positions == later


async def test_no_checkpoint_is_stored_before_the_findings_of_its_entries(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    stored = asyncio.Event()

    async def findings_stored() -> None:
        await stored.wait()

    assert await checkpointer.begin(POSITIONS, findings_stored)
    await settle()
    assert disk.actions == []
    stored.set()
    await settle()
    assert disk.actions == ["refusals", "history", "checkpoint"]


async def test_an_urgent_message_comes_before_a_snapshot_but_not_before_every_snapshot(
    disk: Disk, checkpointer: Checkpointer
) -> None:
    disk.urgent_waits = True
    for _ in range(INTERRUPTIONS_MAX):
        assert checkpointer.is_due
        assert not await checkpointer.begin(POSITIONS, nothing_waits)
        assert not checkpointer.encoding
    assert await checkpointer.begin(POSITIONS, nothing_waits)
    assert not checkpointer.is_due
    await settle()
    assert len(disk.saved) == 1

    await checkpointer.save(POSITIONS, always=True)
    assert len(disk.saved) == 2, "a change of rules is not put off"


async def test_a_failing_disk_leaves_the_checkpoint_to_the_next_time(disk: Disk, checkpointer: Checkpointer) -> None:
    async def full(*_: object) -> None:
        raise CannotWrite("full")

    works, disk.store_checkpoint = disk.store_checkpoint, full  # type: ignore[method-assign]
    assert await checkpointer.begin(POSITIONS, nothing_waits)
    await settle()
    assert checkpointer.saved_positions == {}
    disk.store_checkpoint = works  # type: ignore[method-assign]
    assert await checkpointer.begin(POSITIONS, nothing_waits)
    await settle()
    assert checkpointer.saved_positions == POSITIONS


async def test_a_snapshot_has_the_keys_that_earlier_versions_wrote(disk: Disk, checkpointer: Checkpointer) -> None:
    await checkpointer.save(POSITIONS)
    blob = disk.saved[0][2]
    assert msgspec.msgpack.decode(blob) == {"listener": b"decoder", "engine": b"engine"}

    restored: Any = Part(b""), Part(b"")
    checkpoint.restore(blob, *restored)
    assert [part.state for part in restored] == [b"decoder", b"engine"]


def test_rulebooks_that_this_version_cannot_read_are_none_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert checkpoint.rulebooks_in(None) == []
    assert checkpoint.rulebooks_in(b"\xc1") == []
    assert "the rulebooks of the last run cannot be read" in caplog.text
