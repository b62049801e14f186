"""HourlyBaseline: what is usual at an hour of the week, per quantity and device: the mean of a value or the growth of a
counter. Unknown until an hour was seen in two weeks.
"""

from __future__ import annotations

from array import array
from typing import Final

from msgspec import Struct

from domain import HOUR, Instant

SLOTS: Final = 7 * 24
MIN_WEEKS: Final = 2
"""Fewer weeks give no baseline."""
MAX_WEEKS: Final = 8
"""A newer week weighs at least an eighth: habits change with the season."""
MAX_STEP_MS: Final = 2 * HOUR
"""A counter's growth over a longer gap belongs to no hour."""


class BaselineSnapshot(Struct, array_like=True, gc=False):
    """What was learned, written down."""

    hour: int
    at: Instant
    value: float
    total: float
    count: int
    weeks: bytes
    mean: bytes
    """Arrays as they lie in memory: a town of meters is written down every few seconds."""
    slot: int | None = None
    """Of the week, by the local clock: where what `hour` teaches belongs."""


class HourlyBaseline:
    """One quantity of one device. Readings that come late or twice teach nothing."""

    __slots__ = ("at", "count", "counter", "hour", "mean", "slot", "total", "value", "weeks")

    def __init__(self, counter: bool, learned: BaselineSnapshot | None = None) -> None:
        self.counter = counter
        known = learned or BaselineSnapshot(0, 0, 0.0, 0.0, 0, bytes(SLOTS), bytes(4 * SLOTS))
        self.hour, self.slot, self.at, self.value = known.hour, known.slot, known.at, known.value
        self.total, self.count = known.total, known.count
        self.weeks, self.mean = array("B", known.weeks), array("f", known.mean)

    def update(self, at: Instant, value: float, ahead_ms: int) -> None:
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
        elif grown >= 0 and at - self.at <= MAX_STEP_MS:
            self.total, self.count = self.total + grown, 1
        self.at, self.value = at, value

    def _close_hour(self) -> None:
        slot = self.slot
        if self.count == 0 or slot is None:
            return
        weeks = min(self.weeks[slot] + 1, MAX_WEEKS)
        self.mean[slot] += (self.total / self.count - self.mean[slot]) / weeks
        self.weeks[slot] = weeks

    def expected_at(self, at: Instant, ahead_ms: int) -> float | None:
        """What is usual at this hour of the week; None while it was seen too seldom."""
        slot = _slot(at, ahead_ms)
        return round(self.mean[slot], 7) if self.weeks[slot] >= MIN_WEEKS else None

    def snapshot(self) -> BaselineSnapshot:
        """All that was learned, as a value."""
        seen, mean = self.weeks.tobytes(), self.mean.tobytes()
        return BaselineSnapshot(self.hour, self.at, self.value, self.total, self.count, seen, mean, self.slot)


def _slot(at: Instant, ahead_ms: int) -> int:
    return (at + ahead_ms) // HOUR % SLOTS
