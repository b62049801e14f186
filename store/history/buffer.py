"""What was appended and is not yet durable. It knows positions and counts; not where the readings go."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock

from domain import Lane, Reading

Batch = tuple[Lane, int, Sequence[Reading]]


class Buffer:
    """Entries in order. One thread appends, another takes a run from the front and drops it once it is durable."""

    def __init__(self, max_readings: int) -> None:
        self._max_readings = max_readings
        self._batches: deque[Batch] = deque()
        self._seen: dict[Lane, int] = {}
        self._cut_off: set[Lane] = set()
        self._counting = Lock()
        self.readings = 0

    @property
    def overflowed(self) -> bool:
        """True when a lane had to be cut off: what follows is in the journal only, until the next start."""
        return bool(self._cut_off)

    def resume(self, durable: Mapping[Lane, int]) -> None:
        """Begin after these positions: entries up to them are replays."""
        for lane, pos in durable.items():
            self._seen[lane] = max(pos, self._seen.get(lane, 0))

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """Take an entry, pass over a replay; False when the lane is cut off."""
        if pos <= self._seen.get(lane, 0):
            return True
        if self.readings + len(readings) > self._max_readings:
            # Positions must have no holes, so a lane that missed one entry takes no later one either.
            self._cut_off.add(lane)
        if lane in self._cut_off:
            return False
        self._seen[lane] = pos
        with self._counting:
            self._batches.append((lane, pos, readings))
            self.readings += len(readings)
        return True

    def front(self, max_readings: int) -> list[Batch]:
        """The oldest entries, up to about so many readings. They stay until `drop`."""
        taken: list[Batch] = []
        size = 0
        with self._counting:
            for batch in self._batches:
                taken.append(batch)
                size += len(batch[2])
                if size >= max_readings:
                    break
        return taken

    def drop(self, taken: Sequence[Batch]) -> None:
        """Forget entries taken from the front, for they are durable."""
        with self._counting:
            for _, _, readings in taken:
                self._batches.popleft()
                self.readings -= len(readings)


def last_positions(batches: Sequence[Batch]) -> dict[Lane, int]:
    """The last position of each lane in a run of entries."""
    return {lane: pos for lane, pos, _ in batches}
