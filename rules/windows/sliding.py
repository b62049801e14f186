"""Incremental minimum, maximum and idle time of a sliding window: the extreme is kept with its instant, and samples are
scanned again only when that instant has left the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from domain import Instant

RESET_BELOW: Final = 0.5
"""A counter that falls below this part of itself was reset or exchanged; a smaller fall is water running back."""
ROLLS_OVER_AT: Final = tuple(10.0**digits for digits in range(4, 10))
"""Where mechanical counters begin again at zero. They are believed to when the last percent was reached before."""
MIN_SAMPLES_PER_WINDOW: Final = 12
"""A standstill needs this many samples in the window; longer gaps are unknown."""
NEVER: Final = -(2**62)
EXTREMES: Final[Mapping[str, Callable[..., float]]] = {"min": min, "max": max}


def counter_increase(before: float, after: float) -> float:
    """How much a counter grew between two samples; resets, roll-over and running back are seen through."""
    if after >= before:
        return after - before
    if after >= before * RESET_BELOW:
        return 0.0
    end = next((end for end in ROLLS_OVER_AT if 0.99 * end <= before < end), None)
    return after if end is None or after > 0.01 * end else end - before + after


class SlidingExtreme:
    """The greatest or least value of a window, and when it was measured."""

    __slots__ = ("at", "begin", "function", "length_ms", "until", "value")

    def __init__(self, function: str, length_ms: int) -> None:
        self.function, self.length_ms = function, length_ms
        self.at = self.begin = self.until = NEVER
        self.value = 0.0

    def query(self, times: Sequence[Instant], values: Sequence[float], first: int) -> float:
        """The greatest or least of what was measured from index `first` on."""
        pick = EXTREMES[self.function]
        if not self.begin <= times[first] <= self.at:
            rest = values[first:]
            self.value = pick(rest)
            self.at = times[first + rest.index(self.value)]
        else:
            for index in range(_first_after(times, len(times) - 1, self.until), len(times)):
                # The newest of equals stays longest in the window.
                if pick(values[index], self.value) == values[index]:
                    self.at, self.value = times[index], values[index]
        self.begin, self.until = times[first], times[-1]
        return self.value


class SlidingIdle:
    """How long a counter stood still. The newest sample is looked at anew each time: thinning may still drop it."""

    __slots__ = ("begin", "first_end", "gap_at", "idle_ms", "length_ms", "moved", "peak", "peak_at", "until")

    function = "idle"

    def __init__(self, length_ms: int) -> None:
        self.length_ms = length_ms
        self._restart(NEVER)

    def _restart(self, at: Instant) -> None:
        self.begin = self.until = self.first_end = self.peak_at = at
        """Looked through until then; the end of the standstill the window begins with; of the longest after it."""
        self.gap_at = NEVER
        """End of the last gap that was too long."""
        self.idle_ms = self.peak = 0
        self.moved = False

    def query(self, times: Sequence[Instant], values: Sequence[float], start: int, last: int) -> float | None:
        """The longest standstill between two samples, in milliseconds; what began before counts from the first."""
        begin = times[start]
        if not self.begin <= begin <= self.until or (self.moved and self.peak_at - self.peak < begin):
            self._restart(begin)
        self.begin = begin
        self._advance(times, values, last - 1)
        gap = times[last] - times[last - 1]
        if gap > self.length_ms // MIN_SAMPLES_PER_WINDOW or self.gap_at > begin:
            return None
        stood = self.idle_ms + gap if counter_increase(values[last - 1], values[last]) == 0 else 0
        if stood and not self.moved:
            return float(times[last] - begin)
        return float(max(self.first_end - begin, self.peak, stood))

    def _advance(self, times: Sequence[Instant], values: Sequence[float], end: int) -> None:
        for index in range(_first_after(times, end, self.until), end + 1):
            gap = times[index] - times[index - 1]
            if gap > self.length_ms // MIN_SAMPLES_PER_WINDOW:
                self.gap_at = times[index]
            self._record(times[index], gap, counter_increase(values[index - 1], values[index]) == 0)

    def _record(self, at: Instant, gap: int, still: bool) -> None:
        self.until = at
        self.moved = self.moved or not still
        self.idle_ms = self.idle_ms + gap if still else 0
        if not self.moved:
            self.first_end = at
        elif self.idle_ms >= self.peak:
            self.peak, self.peak_at = self.idle_ms, at


def _first_after(times: Sequence[Instant], last: int, until: Instant) -> int:
    """The index of the first sample after an instant: nearly always the last one."""
    while times[last] > until:
        last -= 1
    return last + 1
