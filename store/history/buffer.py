"""Readings appended to a history and not yet durable, with their journal positions."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock

from domain import Lane, Reading

Batch = tuple[Lane, int, Sequence[Reading]]


class Buffer:
    """Entries in order. One thread appends; another reads from the front and drops entries once they are durable."""

    def __init__(self, max_readings: int) -> None:
        self._max_readings = max_readings
        self._batches: deque[Batch] = deque()
        self._seen: dict[Lane, int] = {}
        self._cut_off: set[Lane] = set()
        self._lock = Lock()
        self.readings = 0
        self.appended = self.dropped = 0
        """Entries, since the start. What was appended before an instant is durable once as many were dropped."""

    @property
    def overflowed(self) -> bool:
        """True when a lane was cut off: its later entries are in the journal only, until the next start."""
        return bool(self._cut_off)

    def resume(self, durable: Mapping[Lane, int]) -> None:
        """Start after these positions: entries up to them are replays."""
        for lane, pos in durable.items():
            self._seen[lane] = max(pos, self._seen.get(lane, 0))

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """Add an entry; a replay is ignored. False when the lane is cut off."""
        if pos <= self._seen.get(lane, 0):
            return True
        if self.readings + len(readings) > self._max_readings:
            # Positions must have no gaps: a lane that missed one entry accepts no later one.
            self._cut_off.add(lane)
        if lane in self._cut_off:
            return False
        self._seen[lane] = pos
        with self._lock:
            self._batches.append((lane, pos, readings))
            self.readings += len(readings)
            self.appended += 1
        return True

    def front(self, max_readings: int) -> list[Batch]:
        """The oldest entries, up to about `max_readings` readings. They stay buffered until `drop`."""
        batches: list[Batch] = []
        size = 0
        with self._lock:
            for batch in self._batches:
                batches.append(batch)
                size += len(batch[2])
                if size >= max_readings:
                    break
        return batches

    def drop(self, batches: Sequence[Batch]) -> None:
        """Remove entries read from the front, because they are durable."""
        with self._lock:
            for _, _, readings in batches:
                self._batches.popleft()
                self.readings -= len(readings)
                self.dropped += 1


def last_positions(batches: Sequence[Batch]) -> dict[Lane, int]:
    """The last position of each lane in these entries."""
    return {lane: pos for lane, pos, _ in batches}
