"""What is usual at this hour of the week, learned from what a device said itself: the mean of a value, the growth of a
counter. It knows no rules and no zones: who asks says how far the local clock is ahead. What it has not seen for two
weeks it does not know.
"""

from __future__ import annotations

from array import array
from typing import Final

from msgspec import Struct

from domain import HOUR, Instant

SLOTS: Final = 7 * 24
WEEKS_AT_LEAST: Final = 2
"""Seen less often, nobody can say what is usual."""
WEEKS_REMEMBERED: Final = 8
"""A newer week weighs at least an eighth: habits change with the season."""
LONGEST_STEP_MS: Final = 2 * HOUR
"""A counter's growth over a longer gap belongs to no hour."""


class Learned(Struct, array_like=True, gc=False):
    """What was learned, written down."""

    hour: int
    at: Instant
    value: float
    total: float
    count: int
    seen: bytes
    mean: bytes
    """Arrays as they lie in memory: a town of meters is written down every few seconds."""
    slot: int | None = None
    """Of the week, by the local clock: where what `hour` teaches belongs."""


class Usual:
    """One quantity of one device. Readings that come late or twice teach nothing."""

    __slots__ = ("at", "count", "counter", "hour", "mean", "seen", "slot", "total", "value")

    def __init__(self, counter: bool, learned: Learned | None = None) -> None:
        self.counter = counter
        known = learned or Learned(0, 0, 0.0, 0.0, 0, bytes(SLOTS), bytes(4 * SLOTS))
        self.hour, self.slot, self.at, self.value = known.hour, known.slot, known.at, known.value
        self.total, self.count = known.total, known.count
        self.seen, self.mean = array("B", known.seen), array("f", known.mean)

    def learn(self, at: Instant, value: float, ahead_ms: int) -> None:
        """One measurement, at its event time; the local clock is `ahead_ms` ahead of UTC."""
        if at <= self.at:
            return
        # Hours that begin when a local hour does. In autumn one is lived twice: two hours, each by itself.
        hour = (at + ahead_ms % HOUR) // HOUR
        if hour != self.hour:
            self._close_hour()
            self.hour, self.slot, self.total, self.count = hour, _slot(at, ahead_ms), 0.0, 0
        grown = value - self.value
        if not self.counter:
            self.total, self.count = self.total + value, self.count + 1
        elif grown >= 0 and at - self.at <= LONGEST_STEP_MS:
            self.total, self.count = self.total + grown, 1
        self.at, self.value = at, value

    def _close_hour(self) -> None:
        slot = self.slot
        if self.count == 0 or slot is None:
            return
        weeks = min(self.seen[slot] + 1, WEEKS_REMEMBERED)
        self.mean[slot] += (self.total / self.count - self.mean[slot]) / weeks
        self.seen[slot] = weeks

    def ask(self, at: Instant, ahead_ms: int) -> float | None:
        """What is usual at this hour of the week; None while it was seen too seldom."""
        slot = _slot(at, ahead_ms)
        return round(self.mean[slot], 7) if self.seen[slot] >= WEEKS_AT_LEAST else None

    def written(self) -> Learned:
        """All that was learned, as a value."""
        seen, mean = self.seen.tobytes(), self.mean.tobytes()
        return Learned(self.hour, self.at, self.value, self.total, self.count, seen, mean, self.slot)


def _slot(at: Instant, ahead_ms: int) -> int:
    return (at + ahead_ms) // HOUR % SLOTS
