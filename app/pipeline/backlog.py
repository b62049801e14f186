"""What is journaled and not yet judged, a queue a lane, bounded in memory: over the bound it is read from the journal.

Start-up replay and overload are the same path. It does not judge.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from domain import Instant, Lane
from ingest.frame import Frame, JournalEntry

READ_AHEAD = 16
FRAME_BYTES = 200
"""What a frame weighs in memory beside its payload."""


class JournalReader(Protocol):
    """What the backlog needs of a journal."""

    async def read_async(self, lane: Lane, after: int, limit: int = READ_AHEAD) -> Sequence[JournalEntry]:
        """The entries of a lane after a position, in order."""
        ...


class Backlog:
    """Entries in order within a lane, the urgent lane first; in order of the journal while catching up at start.

    `taken` is the position up to which each lane has been handed out. `waiting` counts the entries after it, those that
    are only in the journal too. `max_bytes` holds for each lane: ordinary entries leave urgent ones their room.
    """

    def __init__(
        self,
        journal: JournalReader,
        taken: dict[Lane, int],
        latest: dict[Lane, int],
        max_bytes: int,
        waiting: Mapping[Lane, int] | None = None,
    ) -> None:
        self._journal = journal
        self._max_bytes = max_bytes
        self._queues: dict[Lane, deque[tuple[JournalEntry, int]]] = {lane: deque() for lane in Lane}
        self._bytes = dict.fromkeys(Lane, 0)
        self.waiting = {lane: (waiting or {}).get(lane, 0) for lane in Lane}
        self.positions = {lane: taken.get(lane, 0) for lane in Lane}
        self._latest = {lane: max(latest.get(lane, 0), self.positions[lane]) for lane in Lane}
        self._beyond_memory = {lane: self._latest[lane] > self.positions[lane] for lane in Lane}
        self._received_at: dict[Lane, Instant] = dict.fromkeys(Lane, 0)
        self.catching_up = any(self._beyond_memory.values())
        self._arrived = asyncio.Event()
        self.oldest_unjournaled: Callable[[], Instant | None] = lambda: None
        """When the oldest message was received that is not yet in the journal."""

    def enqueue(self, entry: JournalEntry) -> None:
        """A new entry, already journaled. Over the bound only its position is kept."""
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
        self._arrived.set()

    def wake(self) -> None:
        """Wakes whoever waits, because something other than an entry happened."""
        self._arrived.set()

    async def wait(self, timeout_s: float) -> None:
        """Until something arrives, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._arrived.wait()
        except TimeoutError:
            return

    async def next_entry(self) -> JournalEntry | None:
        """The entry to judge now, or None when nothing waits."""
        self._arrived.clear()
        for lane in Lane:
            await self._read_ahead(lane)
        waiting = [lane for lane in Lane if self._queues[lane]]
        if not waiting:
            self.catching_up = False
            return None
        lane = min(waiting, key=lambda lane: self._queues[lane][0][0].pos) if self.catching_up else waiting[0]
        return self._dequeue(lane)

    async def next_urgent_entry(self) -> JournalEntry | None:
        """An urgent entry that came while an ordinary one is being judged; while catching up it waits its turn."""
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

    async def _read_ahead(self, lane: Lane) -> None:
        queue = self._queues[lane]
        if queue or not self._beyond_memory[lane]:
            return
        entries = await self._journal.read_async(lane, self.positions[lane], READ_AHEAD)
        queue.extend((entry, _size(entry)) for entry in entries)
        self._bytes[lane] += sum(size for _, size in queue)
        last = entries[-1].pos if entries else self.positions[lane]
        self._beyond_memory[lane] = last < self._latest[lane]

    def processed_until(self, now: Instant) -> Instant:
        """The instant up to which everything that came has been judged: timers may run up to here, not beyond.

        A timer that ran past unjudged readings would call a device silent whose words lie in the queue.
        """
        heads = [_received(queue[0][0]) for queue in self._queues.values() if queue]
        unread = [self._received_at[lane] for lane in Lane if self._beyond_memory[lane] and not self._queues[lane]]
        outside = self.oldest_unjournaled()
        return min([now, *heads, *unread] if outside is None else [now, outside, *heads, *unread])

    @property
    def entries(self) -> int:
        """How many entries wait."""
        return sum(self.waiting.values())

    @property
    def in_memory(self) -> int:
        """How many of them are held in memory."""
        return sum(len(queue) for queue in self._queues.values())


def overtakes_bulk(lane: Lane, frames: Sequence[Frame]) -> bool:
    """Whether what the same devices said before may still lie in the ordinary lane.

    Not where all that a device says comes by its own topic in the urgent session.
    """
    return lane is Lane.URGENT and any(
        frame.session != Lane.URGENT.value or frame.topic.endswith("/alarm") for frame in frames
    )


def _received(entry: JournalEntry) -> Instant:
    return entry.frames[0].received if entry.frames else 0


def _size(entry: JournalEntry) -> int:
    return sum([len(frame.payload) for frame in entry.frames]) + FRAME_BYTES * len(entry.frames)
