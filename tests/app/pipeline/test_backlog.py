"""Entries between the journal and the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.pipeline.backlog import TOGETHER_ENTRIES, TOGETHER_FRAMES, Backlog
from app.score.virtual_loop import VirtualLoop
from domain import Lane
from ingest.frame import Frame, JournalEntry


def entry(lane: Lane, pos: int, received: int, size: int = 1) -> JournalEntry:
    return JournalEntry(lane, pos, (Frame("t", b"x" * size, received, "s"),))


class MemoryJournal:
    """A journal that holds what it is given."""

    def __init__(self, *entries: JournalEntry) -> None:
        self.entries = list(entries)

    async def read_async(self, lane: Lane, after: int, limit: int = 16) -> Sequence[JournalEntry]:
        return [item for item in self.entries if item.lane == lane and item.pos > after][:limit]


async def positions_of(backlog: Backlog) -> list[int]:
    positions = []
    while (item := await backlog.next_entry()) is not None:
        positions.append(item.pos)
    return positions


async def test_an_urgent_entry_overtakes_a_backlog_of_ordinary_ones() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 10_000)
    for pos in range(1, 6):
        backlog.enqueue(entry(Lane.BULK, pos, pos))
    backlog.enqueue(entry(Lane.URGENT, 6, 6))

    assert [6, 1, 2, 3, 4, 5] == await positions_of(backlog)


async def test_after_a_restart_the_journal_is_replayed_in_its_own_order() -> None:
    journal = MemoryJournal(
        entry(Lane.BULK, 1, 10), entry(Lane.URGENT, 2, 20), entry(Lane.BULK, 3, 30), entry(Lane.URGENT, 4, 40)
    )
    backlog = Backlog(journal, {Lane.BULK: 1}, {Lane.BULK: 3, Lane.URGENT: 4}, 10_000)

    assert backlog.catching_up
    assert [2, 3, 4] == await positions_of(backlog)
    assert not backlog.catching_up


async def test_over_its_bound_only_positions_are_stored_and_the_journal_is_read_again() -> None:
    entries = [entry(Lane.BULK, pos, pos, size=1_000) for pos in range(1, 51)]
    journal = MemoryJournal(*entries)
    backlog = Backlog(journal, {}, {}, 5_000)
    for item in entries:
        backlog.enqueue(item)

    assert backlog.in_memory < 10
    assert {Lane.URGENT: 0, Lane.BULK: 50} == backlog.waiting
    assert list(range(1, 51)) == await positions_of(backlog)

    journal.entries.append(entry(Lane.BULK, 51, 51))
    backlog.enqueue(journal.entries[-1])
    assert [51] == await positions_of(backlog)


async def test_timers_wait_for_readings_still_in_the_queue() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 10_000)
    assert 99 == backlog.processed_until(99)

    backlog.enqueue(entry(Lane.BULK, 1, 40))
    backlog.enqueue(entry(Lane.URGENT, 2, 90))
    await backlog.next_entry()

    assert 40 == backlog.processed_until(90)


async def test_timers_wait_for_what_is_only_in_the_journal() -> None:
    entries = [entry(Lane.BULK, pos, pos * 10, size=3_000) for pos in range(1, 30)]
    backlog = Backlog(MemoryJournal(*entries), {}, {}, 5_000)
    for item in entries:
        backlog.enqueue(item)
    first = await backlog.next_entry()
    while backlog.in_memory:
        first = await backlog.next_entry()

    assert first is not None
    assert first.frames[0].received == backlog.processed_until(10_000)


async def test_waiting_ends_when_something_arrives() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 10_000)
    backlog.enqueue(entry(Lane.BULK, 1, 1))

    await backlog.wait(60)
    assert [1] == await positions_of(backlog)
    await backlog.wait(0.001)
    backlog.wake()
    await backlog.wait(60)


async def test_what_is_urgent_does_not_wait_for_the_rest_of_an_ordinary_entry() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 10_000)
    backlog.enqueue(entry(Lane.BULK, 1, 1))
    assert 1 == getattr(await backlog.next_entry(), "pos", None)
    assert await backlog.next_urgent_entry() is None

    backlog.enqueue(entry(Lane.URGENT, 2, 2))
    assert 2 == getattr(await backlog.next_urgent_entry(), "pos", None)
    assert await backlog.next_urgent_entry() is None


async def test_nothing_overtakes_while_the_journal_of_the_last_run_is_replayed() -> None:
    journal = MemoryJournal(entry(Lane.BULK, 1, 10), entry(Lane.BULK, 2, 15), entry(Lane.URGENT, 3, 20))
    backlog = Backlog(journal, {}, {Lane.BULK: 2, Lane.URGENT: 3}, 10_000)
    assert 1 == getattr(await backlog.next_entry(), "pos", None)

    assert await backlog.next_urgent_entry() is None


async def test_a_full_backlog_of_ordinary_entries_leaves_an_urgent_one_its_room() -> None:
    """Otherwise an SOS received while a large message is processed stays in the journal until that message is done."""
    entries = [entry(Lane.BULK, pos, pos, size=1_000) for pos in range(1, 51)]
    backlog = Backlog(MemoryJournal(*entries), {}, {}, 5_000)
    for item in entries:
        backlog.enqueue(item)
    await backlog.next_entry()
    backlog.enqueue(entry(Lane.URGENT, 51, 51))

    assert 51 == getattr(await backlog.next_urgent_entry(), "pos", None)


async def test_an_urgent_entry_that_is_only_in_the_journal_passes_too() -> None:
    entries = [entry(Lane.URGENT, pos, pos, size=4_000) for pos in range(1, 11)]
    backlog = Backlog(MemoryJournal(*entries), {}, {}, 5_000)
    for item in entries:
        backlog.enqueue(item)

    assert list(range(1, 11)) == [getattr(await backlog.next_urgent_entry(), "pos", None) for _ in entries]


async def test_what_waits_is_counted_in_memory_in_the_journal_and_from_the_run_before() -> None:
    entries = [entry(Lane.BULK, pos, pos, size=1_000) for pos in range(1, 51)]
    backlog = Backlog(MemoryJournal(*entries), {}, {Lane.BULK: 20}, 5_000, {Lane.BULK: 20})
    for item in entries[20:]:
        backlog.enqueue(item)
    assert {Lane.URGENT: 0, Lane.BULK: 50} == backlog.waiting

    for _ in range(7):
        await backlog.next_entry()
    assert 43 == backlog.entries
    assert backlog.in_memory < 43
    await positions_of(backlog)
    assert 0 == backlog.entries


async def test_small_ordinary_entries_that_wait_are_processed_as_one_at_the_position_of_the_last() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 1_000_000, gather_s=0.005)
    for pos in range(1, 4):
        backlog.enqueue(entry(Lane.BULK, pos, received=pos))
    large = JournalEntry(Lane.BULK, 4, tuple(entry(Lane.BULK, 4, received=4).frames) * TOGETHER_FRAMES)
    backlog.enqueue(large)
    backlog.enqueue(entry(Lane.URGENT, 5, received=5))
    backlog.enqueue(entry(Lane.URGENT, 6, received=6))

    handed_out = [await backlog.next_entry() for _ in range(4)]
    assert [5, 6, 3, 4] == [item.pos for item in handed_out if item is not None]
    assert handed_out[2] is not None
    assert [1, 2, 3] == [frame.received for frame in handed_out[2].frames]
    assert handed_out[3] is large
    assert {Lane.URGENT: 6, Lane.BULK: 4} == backlog.positions
    assert 0 == backlog.entries


async def test_after_a_restart_entries_are_processed_one_by_one_as_their_positions_were_stored() -> None:
    journal = MemoryJournal(*(entry(Lane.BULK, pos, pos) for pos in (1, 2, 3)))
    backlog = Backlog(journal, {}, {Lane.BULK: 3}, 10_000, gather_s=0.005)

    assert [1, 2, 3] == await positions_of(backlog)


def test_an_ordinary_entry_shortly_after_another_waits_for_more_and_an_urgent_one_does_not() -> None:
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(0)) as runner:
        assert [0.0, 5.0, 5.0] == runner.run(waits_ms(Lane.BULK))
        assert [0.0, 0.0, 0.0] == runner.run(waits_ms(Lane.URGENT))


async def waits_ms(lane: Lane) -> list[float]:
    """How long three entries, each enqueued when the one before it was handed out, wait for it."""
    backlog, loop, waits = Backlog(MemoryJournal(), {}, {}, 10_000, gather_s=0.005), asyncio.get_running_loop(), []
    await asyncio.sleep(1)
    for pos in range(1, 4):
        began = loop.time()
        backlog.enqueue(entry(lane, pos, pos))
        await backlog.wait(60)
        waits.append(round((loop.time() - began) * 1_000, 1))
        assert await backlog.next_entry() is not None
    return waits


async def test_many_small_entries_are_handed_out_without_waiting_for_more() -> None:
    backlog = Backlog(MemoryJournal(), {}, {}, 1_000_000, gather_s=3600)
    backlog.enqueue(entry(Lane.BULK, 1, 1))
    await backlog.next_entry()
    for pos in range(2, 2 + TOGETHER_ENTRIES):
        assert not backlog._wakeup.is_set()
        backlog.enqueue(entry(Lane.BULK, pos, pos))
    assert backlog._wakeup.is_set()
