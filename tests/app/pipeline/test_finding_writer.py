"""The task that stores findings: batches while one is stored, order, a full disk, and who waits for what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.pipeline import finding_writer
from app.pipeline.finding_writer import FindingWriter, monotonic_ms
from domain import Finding, Instant, Lane, Severity
from store.errors import CannotWrite
from tests.app.pipeline.conftest import PipelineOnFiles
from tests.app.pipeline.test_deferred_findings import finding, ids
from tests.support.service_harness import START
from tests.support.timeouts import LONG_TIMEOUT_S


class Sink:
    """Stores a batch when `allow` is called; `refusals` is how many attempts fail before."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.refusals = 0
        self._allowed = asyncio.Semaphore(0)

    async def process_findings(
        self, findings: Sequence[Finding], lane: Lane | None = None, pos: int | None = None
    ) -> None:
        await self._allowed.acquire()
        if self.refusals:
            self.refusals -= 1
            raise CannotWrite("disk full")
        self.batches.append(ids(findings))

    def allow(self, batches: int = 1) -> None:
        for _ in range(batches):
            self._allowed.release()


class Harness:
    """A running writer, its sink and its clock."""

    def __init__(self) -> None:
        self.sink, self.now, self.quiet, self.idle = Sink(), 1_000_000, True, 0
        self.writer = FindingWriter(self.sink, lambda: self.quiet, self._on_idle, lambda: self.now)

    def _on_idle(self) -> None:
        self.idle += 1

    async def store(self, batches: int = 1) -> list[list[str]]:
        """Let so many batches be stored; returns all of them so far."""
        self.sink.allow(batches)
        await settle()
        return self.sink.batches


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    running = Harness()
    task = asyncio.create_task(running.writer.run())
    yield running
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def critical(device: str, number: int = 0) -> Finding:
    return finding(device, Severity.CRITICAL, number)


async def test_what_is_emitted_while_one_danger_is_stored_is_stored_together(harness: Harness) -> None:
    harness.writer.add([critical("a")], None)
    await settle()
    harness.writer.add([critical("b")], None)
    harness.writer.add([critical("c")], None)
    assert await harness.store() == [["leak@1/a/0"]]
    assert await harness.store() == [["leak@1/a/0"], ["leak@1/b/0", "leak@1/c/0"]]
    assert harness.writer.is_idle
    assert harness.idle == 1


async def test_a_full_disk_delays_and_loses_nothing(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.pipeline.retry.RETRY_DELAY_S", 0.0)
    harness.sink.refusals = 2
    harness.writer.add([critical("a")], None)
    await harness.store(2)
    harness.writer.add([critical("b")], None)
    assert await harness.store(2) == [["leak@1/a/0"], ["leak@1/b/0"]]


async def test_a_change_of_rules_waits_for_its_own_findings_and_not_for_the_storm(harness: Harness) -> None:
    harness.quiet = False
    harness.writer.add([finding("meter"), finding("other")], (Lane.BULK, 1))
    await harness.store()
    harness.writer.add([finding(f"waits-{n}") for n in range(30)], (Lane.BULK, 2))
    harness.writer.add([finding("changed")], None, none_waits=True)
    drained = asyncio.create_task(harness.writer.drain_urgent())
    await harness.store()
    assert drained.done()
    assert harness.writer.has_deferred


async def test_a_checkpoint_waits_for_everything(harness: Harness) -> None:
    harness.quiet = False
    harness.writer.add([finding(f"waits-{n}") for n in range(30)], (Lane.BULK, 2))
    drained = asyncio.create_task(harness.writer.drain())
    await harness.store(2)
    assert not drained.done()
    assert len((await harness.store(1))[2]) == 10
    assert drained.done()
    assert harness.writer.is_idle


async def test_for_a_second_after_a_danger_lesser_findings_leave_room_for_the_sender(harness: Harness) -> None:
    harness.writer.add([critical("a")], None)
    await harness.store()
    harness.writer.add([finding("b")], None)
    await harness.store()
    harness.writer.add([finding("c")], None)
    harness.now += 1
    harness.writer._deferred.next_batch_at = harness.now + 100
    await harness.store()
    assert harness.sink.batches == [["leak@1/a/0"], ["leak@1/b/0"]]
    harness.now += finding_writer.STORM_MS
    harness.writer.wake()
    assert (await harness.store())[2:] == [["leak@1/c/0"]]


async def test_entries_wait_when_the_disk_has_been_full_for_long(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_writer, "MAX_URGENT", 2)
    harness.writer.add([critical("a", n) for n in range(2)], None)
    await settle()  # the first batch is being stored
    harness.writer.add([critical("b", n) for n in range(3)], None)
    room = asyncio.create_task(harness.writer.wait_for_room())
    await settle()
    assert harness.writer.is_full
    assert not room.done()
    await harness.store(2)
    assert room.done()


async def test_the_writer_wakes_by_itself_when_the_next_batch_is_due(harness: Harness) -> None:
    harness.quiet = False
    due: Instant = harness.now + 5
    harness.writer._deferred.next_batch_at = due
    harness.writer.add([finding("a")], None)
    await settle()
    harness.now = due
    harness.sink.allow()
    async with asyncio.timeout(LONG_TIMEOUT_S):
        await harness.writer.drain()
    assert harness.sink.batches == [["leak@1/a/0"]]


async def test_a_step_of_the_wall_clock_does_not_delay_what_waits(files: PipelineOnFiles) -> None:
    """The clock was set back an hour while a batch was stored: in a storm lesser findings waited for that hour."""
    writer = files.pipeline._findings
    before = monotonic_ms()
    files.pipeline._clock = lambda: START - 3_600_000
    assert before <= writer._clock() < before + 60_000


async def test_a_ledger_that_takes_nothing_holds_up_a_checkpoint_and_never_evaluation(harness: Harness) -> None:
    await harness.writer.stored_so_far()()
    harness.writer.add([critical("a")], None)
    await settle()
    harness.writer.add([critical("b")], None)
    assert [one.device for one in harness.writer.unstored_dangers()] == ["a", "b"]
    stored = asyncio.create_task(harness.writer.stored_so_far()())  # type: ignore[arg-type]
    harness.writer.add([critical("c")], None)
    await settle()
    assert not stored.done()
    await harness.store(1)
    assert not stored.done(), "the second is not stored"
    await harness.store(1)
    assert stored.done()
    assert harness.writer.unstored_dangers() == []


async def test_a_checkpoint_waits_for_the_lesser_findings_that_are_being_stored(harness: Harness) -> None:
    harness.writer.add([finding("a")], (Lane.BULK, 1))
    await settle()
    assert not harness.writer.has_deferred
    stored = asyncio.create_task(harness.writer.stored_so_far()())  # type: ignore[arg-type]
    await settle()
    assert not stored.done()
    await harness.store(1)
    assert stored.done()
