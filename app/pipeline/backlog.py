"""Journal entries that are not yet processed: one queue per lane, bounded in memory; beyond that read from the journal.

Replay at start and overload take the same path.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain import Instant, Lane
from ingest.frame import Frame, JournalEntry

READ_AHEAD = 16
FRAME_BYTES = 200
"""Memory of a frame besides its payload."""
GATHER_S = 0.005
"""From one bulk entry handed out to the next while fewer than TOGETHER_FRAMES wait: small entries that come one by one
share the fixed cost of processing an entry. The first one after a pause, and urgent ones, are handed out at once."""
TOGETHER_FRAMES = 250
"""Frames of small bulk entries that are handed out as one: those of one slice (app/pipeline/slices.py)."""
TOGETHER_ENTRIES = 16
"""So many waiting entries are handed out without waiting for more."""


class JournalReader(Protocol):
    """What the backlog needs from a journal."""

    async def read_async(self, lane: Lane, after: int, limit: int = READ_AHEAD) -> Sequence[JournalEntry]:
        """Entries of a lane after a position, in order."""
        ...


class Backlog:
    """Entries in order within a lane, the urgent lane first; in journal order while catching up at start.

    `positions` is the journal position up to which each lane has been handed out. `waiting` counts the entries after
    it, including those that are in the journal only. `max_bytes` is the memory bound of each lane, so that bulk entries
    leave room for urgent ones. `gather_s`: see GATHER_S; 0: every entry is handed out at once and by itself.
    """

    def __init__(
        self,
        journal: JournalReader,
        positions: Mapping[Lane, int],
        latest: Mapping[Lane, int],
        max_bytes: int,
        waiting: Mapping[Lane, int] | None = None,
        gather_s: float = 0.0,
    ) -> None:
        self._journal = journal
        self._max_bytes = max_bytes
        self._queues: dict[Lane, deque[tuple[JournalEntry, int]]] = {lane: deque() for lane in Lane}
        self._bytes = dict.fromkeys(Lane, 0)
        self.waiting = {lane: (waiting or {}).get(lane, 0) for lane in Lane}
        self.positions = {lane: positions.get(lane, 0) for lane in Lane}
        self._latest = {lane: max(latest.get(lane, 0), self.positions[lane]) for lane in Lane}
        self._beyond_memory = {lane: self._latest[lane] > self.positions[lane] for lane in Lane}
        self._received_at: dict[Lane, Instant] = dict.fromkeys(Lane, 0)
        self.catching_up = any(self._beyond_memory.values())
        self._wakeup = asyncio.Event()
        self._gather_s, self._handed_out_at_s = gather_s, 0.0
        self._gathering: asyncio.TimerHandle | None = None

    def enqueue(self, entry: JournalEntry) -> None:
        """Add an entry that was just journaled. Beyond the memory bound only its position is kept."""
        lane = entry.lane
        self._latest[lane] = entry.pos
        self.waiting[lane] += 1
        if not self._beyond_memory[lane]:
            if self._bytes[lane] > self._max_bytes:
                self._beyond_memory[lane] = True
            else:
                size = _size(entry)
                self._queues[lane].append((entry, size))
                self._bytes[lane] += size
        if lane is Lane.BULK and self._gather_s:
            self._wake_after_gathering()
        else:
            self._wakeup.set()

    def _wake_after_gathering(self) -> None:
        if self._wakeup.is_set():
            return
        loop, queue = asyncio.get_running_loop(), self._queues[Lane.BULK]
        wait_s = self._handed_out_at_s + self._gather_s - loop.time()
        # Frames are counted in a short queue only: under overload it holds thousands of entries.
        is_enough = len(queue) >= TOGETHER_ENTRIES or sum(len(entry.frames) for entry, _ in queue) >= TOGETHER_FRAMES
        if wait_s <= 0 or is_enough:
            self._wakeup.set()
        elif self._gathering is None:
            self._gathering = loop.call_later(wait_s, self._end_gathering)

    def _end_gathering(self) -> None:
        self._gathering = None
        self._wakeup.set()

    def wake(self) -> None:
        """End a `wait`, because something other than an entry happened."""
        self._wakeup.set()

    async def wait(self, timeout_s: float) -> None:
        """Wait until an entry arrives or `wake` is called, at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wakeup.wait()
        except TimeoutError:
            return

    async def next_entry(self) -> JournalEntry | None:
        """The entry to process next, or None when none waits."""
        self._wakeup.clear()
        for lane in Lane:
            await self._read_ahead(lane)
        lanes = [lane for lane in Lane if self._queues[lane]]
        if not lanes:
            self.catching_up = False
            return None
        if self.catching_up:
            return self._dequeue(min(lanes, key=lambda lane: self._queues[lane][0][0].pos))
        gathers = lanes[0] is Lane.BULK and self._gather_s > 0
        return self._dequeue_together(lanes[0]) if gathers else self._dequeue(lanes[0])

    async def next_urgent_entry(self) -> JournalEntry | None:
        """An urgent entry that arrived while a bulk entry is processed; None while catching up: then order counts."""
        if self.catching_up:
            return None
        await self._read_ahead(Lane.URGENT)
        return self._dequeue(Lane.URGENT) if self._queues[Lane.URGENT] else None

    def _dequeue(self, lane: Lane) -> JournalEntry:
        entry, size = self._queues[lane].popleft()
        self._bytes[lane] -= size
        self.waiting[lane] -= 1
        self.positions[lane] = entry.pos
        self._received_at[lane] = _received(entry)
        return entry

    def _dequeue_together(self, lane: Lane) -> JournalEntry:
        """The next entry; small ones behind it, up to TOGETHER_FRAMES, as one with it at the position of the last.

        Not while catching up: what was processed together is stored at that position, and after a crash the entries
        before it must be recognised one by one as stored.
        """
        self._handed_out_at_s = asyncio.get_running_loop().time()
        queue, entries = self._queues[lane], [self._dequeue(lane)]
        frames = len(entries[0].frames)
        while queue and (frames := frames + len(queue[0][0].frames)) <= TOGETHER_FRAMES:
            entries.append(self._dequeue(lane))
        if len(entries) == 1:
            return entries[0]
        return JournalEntry(lane, entries[-1].pos, [frame for entry in entries for frame in entry.frames])

    async def _read_ahead(self, lane: Lane) -> None:
        queue = self._queues[lane]
        if queue or not self._beyond_memory[lane]:
            return
        entries = await self._journal.read_async(lane, self.positions[lane], READ_AHEAD)
        queue.extend((entry, _size(entry)) for entry in entries)
        self._bytes[lane] += sum(size for _, size in queue)
        last = entries[-1].pos if entries else self.positions[lane]
        self._beyond_memory[lane] = last < self._latest[lane]

    def processed_until(self, now: Instant, oldest_unjournaled: Instant | None = None) -> Instant:
        """The instant up to which everything received is processed: timers may run up to here, not beyond.

        A timer that ran past unprocessed readings would report a device as silent whose readings are in the queue.
        `oldest_unjournaled`: when the oldest message was received that is not yet in the journal.
        """
        heads = [_received(queue[0][0]) for queue in self._queues.values() if queue]
        unread = [self._received_at[lane] for lane in Lane if self._beyond_memory[lane] and not self._queues[lane]]
        unjournaled = [] if oldest_unjournaled is None else [oldest_unjournaled]
        return min([now, *unjournaled, *heads, *unread])

    @property
    def has_urgent(self) -> bool:
        """Whether an urgent entry waits that may be processed before all others."""
        return self.waiting[Lane.URGENT] > 0 and not self.catching_up

    @property
    def entries(self) -> int:
        """Number of entries that wait, in memory and in the journal only."""
        return sum(self.waiting.values())

    @property
    def in_memory(self) -> int:
        """Number of entries in memory."""
        return sum(len(queue) for queue in self._queues.values())


def overtakes_bulk(lane: Lane, frames: Sequence[Frame]) -> bool:
    """Whether earlier messages of the same devices may still wait in the bulk lane.

    Not for devices whose messages all come by a topic of their own in the urgent session.
    """
    return lane is Lane.URGENT and any(
        frame.session != Lane.URGENT.value or frame.topic.endswith("/alarm") for frame in frames
    )


def _received(entry: JournalEntry) -> Instant:
    return entry.frames[0].received if entry.frames else 0


def _size(entry: JournalEntry) -> int:
    return sum([len(frame.payload) for frame in entry.frames]) + FRAME_BYTES * len(entry.frames)
