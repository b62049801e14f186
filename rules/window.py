"""The recent past of one quantity of one device, in event time: how much a counter grew, how long it stood still, what
a value was at most or on average. It knows no rules and no arrival time; what it cannot know it answers with None.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from operator import sub
from typing import Final

from domain import HOUR, Instant
from rules.tree import Window

Sample = tuple[Instant, float]
FINENESS: Final = 128
"""A window is kept in about this many pieces of time: memory a device is bounded, whatever its reporting rate."""
MOST_SAMPLES: Final = 4 * FINENESS
"""Beyond so many, each piece of time keeps its first, last, least and greatest sample; then the oldest go."""
SEEN_AT_LEAST: Final = 12
"""`idle` must have seen the counter this often in the window; a standstill nobody looked at is unknown."""
RESET_BELOW: Final = 0.5
"""A counter that falls below this part of itself was reset or exchanged; a smaller fall is water running back."""
ROLLS_OVER_AT: Final = tuple(10.0**digits for digits in range(4, 10))
"""Where mechanical counters begin again at zero. They are believed to when the last percent was reached before."""


class History:
    """Samples in event-time order, the newest `keep_ms` of them and one more before, so that the window has a start.

    `exact`: every sample counts, not only the growth between them. Two arrays, sixteen bytes a sample: there is one of
    these for every meter and every wristband.
    """

    __slots__ = ("at", "exact", "falls", "keep_ms", "still", "values")

    def __init__(self, keep_ms: int, samples: Iterable[Sample] = (), exact: bool = False) -> None:
        self.keep_ms, self.exact = keep_ms, exact
        self.at, self.values = array("q"), array("d")
        self.still = array("q")
        """How long a counter had stood still at each sample."""
        self.falls = 0
        """How often a counter fell: seldom; while it never did, growth is a single subtraction."""
        self._hold(samples)

    @property
    def samples(self) -> list[Sample]:
        """Everything it holds."""
        return list(zip(self.at, self.values, strict=True))

    def _hold(self, samples: Iterable[Sample]) -> None:
        held = list(samples)
        self.at, self.values = array("q", (at for at, _ in held)), array("d", (value for _, value in held))
        self._look_back()

    def _look_back(self) -> None:
        """Works out anew what is kept beside the samples."""
        self.still, self.falls = array("q", [0] if self.at else []), 0
        for index in range(1, len(self.at)):
            self._note(index)

    def _note(self, index: int) -> None:
        before, after = self.values[index - 1], self.values[index]
        stood = self.still[index - 1] + self.at[index] - self.at[index - 1]
        self.still.append(stood if _grown(before, after) == 0 else 0)
        self.falls += after < before

    def add(self, at: Instant, value: float) -> None:
        """Places one sample; the same instant again replaces it."""
        index = bisect_left(self.at, at)
        if index < len(self.at) and self.at[index] == at:
            if self.values[index] == value:
                return
            self.values[index] = value
            self._look_back()
        elif index == len(self.at):
            self._append(at, value)
        else:
            self.at.insert(index, at)
            self.values.insert(index, value)
            self._look_back()
        self._forget()

    def _append(self, at: Instant, value: float) -> None:
        times, values = self.at, self.values
        # Thinning drops a sample between two close ones; a falling counter is never thinned: it may be a reset.
        close = not self.exact and len(times) > 1 and at - times[-2] < self.keep_ms // FINENESS
        if close and values[-2] <= values[-1] <= value:
            times.pop()
            values.pop()
            self.still.pop()
        times.append(at)
        values.append(value)
        if len(times) > 1:
            self._note(len(times) - 1)
        else:
            self.still.append(0)

    def _forget(self) -> None:
        self._drop(bisect_right(self.at, self.at[-1] - self.keep_ms) - 1)
        if len(self.at) > MOST_SAMPLES and self.exact:
            self._hold(_thinned(self.samples, max(self.keep_ms // FINENESS, 1)))
        self._drop(len(self.at) - MOST_SAMPLES)

    def _drop(self, oldest: int) -> None:
        if oldest > 0:
            del self.at[:oldest]
            del self.values[:oldest]
            del self.still[:oldest]

    def ask(self, window: Window, at: Instant) -> float | None:
        """What the past says to a question, at an instant of event time."""
        function, length_ms = window.function, window.length_ms
        if function in _OF_COUNTERS:
            return _OF_COUNTERS[function](self, at, length_ms)
        values = self.measured(at, length_ms)
        if not values:
            return None
        if function == "seen":
            return float(min(at - self.at[0], length_ms))
        return _quantile(values, window.part) if function == "quantile" else float(_OF_VALUES[function](values))

    def measured(self, at: Instant, length_ms: int) -> Sequence[float]:
        """What was measured in the `length_ms` before `at`, its beginning excluded."""
        return self.values[bisect_right(self.at, at - length_ms) : bisect_right(self.at, at)]

    def _span(self, at: Instant, length_ms: int) -> tuple[int, int] | None:
        """The first and last sample that cover the `length_ms` before `at`; None when they do not reach back so far."""
        start = bisect_right(self.at, at - length_ms) - 1
        last = bisect_right(self.at, at) - 1
        return (start, last) if 0 <= start < last else None

    def increase(self, at: Instant, length_ms: int) -> float | None:
        """How much the counter grew over at least the last `length_ms`; resets and running back are seen through."""
        span = self._span(at, length_ms)
        if span is None:
            return None
        start, last = span
        if not self.falls:
            grown = self.values[last] - self.values[start]
        else:
            grown = sum(_grown(a, b) for a, b in pairwise(self.values[start : last + 1]))
        # Rounded to a tenth of a millilitre: 312.417 - 312.407 must not be 0.009999999999990905 and below one flush.
        return round(grown, 7)

    def rate(self, at: Instant, length_ms: int) -> float | None:
        """How much the counter grows an hour, over at least the last `length_ms`."""
        span, grown = self._span(at, length_ms), self.increase(at, length_ms)
        if span is None or grown is None:
            return None
        return round(grown * HOUR / (self.at[span[1]] - self.at[span[0]]), 7)

    def idle(self, at: Instant, length_ms: int) -> float | None:
        """The longest standstill, in milliseconds, within the last `length_ms`."""
        span = self._span(at, length_ms)
        if span is None:
            return None
        start, last = span
        times = self.at[start : last + 1]
        if max(map(sub, times[1:], times)) > length_ms // SEEN_AT_LEAST:
            return None
        still = self.still[start + 1 : last + 1]
        try:
            moved = still.index(0)
        except ValueError:
            return float(times[-1] - times[0])
        # What stood still before the time asked about counts from its beginning.
        before = times[moved] - times[0] if moved else 0
        return float(max(before, max(still[moved:])))


_OF_COUNTERS: Final[Mapping[str, Callable[[History, Instant, int], float | None]]] = {
    "increase": History.increase, "rate": History.rate, "idle": History.idle,
}  # fmt: skip
_OF_VALUES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    # Rounded like a counter's growth: three times 0.1 is 0.3.
    "sum": lambda values: round(sum(values), 7),
    "mean": lambda values: round(sum(values) / len(values), 7),
    "min": min,
    "max": max,
    "count": len,
    "last": lambda values: values[-1],
}


def _quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the others lies, between two neighbours in proportion."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 7)


def _thinned(samples: Sequence[Sample], piece_ms: int) -> Iterator[Sample]:
    """Of each piece of time the first, last, least and greatest sample: to thin twice is to thin once."""
    for _, piece in groupby(samples, key=lambda sample: sample[0] // piece_ms):
        held = list(piece)
        yield from sorted({held[0], held[-1], min(held, key=_value), max(held, key=_value)})


def _value(sample: Sample) -> float:
    return sample[1]


def _grown(before: float, after: float) -> float:
    if after >= before:
        return after - before
    if after >= before * RESET_BELOW:
        return 0.0
    end = next((end for end in ROLLS_OVER_AT if 0.99 * end <= before < end), None)
    return after if end is None or after > 0.01 * end else end - before + after
