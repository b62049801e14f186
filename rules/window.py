"""The recent past of one quantity of one device, in event time: how much a counter grew, how long it stood still, what
a value was at most or on average. It knows no rules and no arrival time; what it cannot know it answers with None.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from domain import HOUR, Instant
from rules.sliding import PICKS, Extreme, Standstill, grown
from rules.tree import Window

Sample = tuple[Instant, float]
FINENESS: Final = 128
"""A window is kept in about this many pieces of time: memory a device is bounded, whatever its reporting rate."""
MOST_SAMPLES: Final = 4 * FINENESS
"""Beyond so many, each piece of time keeps its first, last, least and greatest sample; then the oldest go."""
SHORT: Final = 16
"""Among so few samples the greatest is found faster than remembered."""


class History:
    """Samples in event-time order, the newest `keep_ms` of them and one more before, so that the window has a start.

    `exact`: every sample counts, not only the growth between them. Two arrays, sixteen bytes a sample: there is one of
    these for every meter and every wristband.
    """

    __slots__ = ("at", "exact", "falls", "keep_ms", "slides", "values")

    def __init__(self, keep_ms: int, samples: Iterable[Sample] = (), exact: bool = False) -> None:
        self.keep_ms, self.exact = keep_ms, exact
        self.falls: tuple[Instant, ...] = ()
        """When a counter fell: seldom; between falls growth is a single subtraction."""
        self.slides: tuple[Extreme | Standstill, ...] = ()
        """What was found out about windows that move on: seldom more than two, and there are many histories."""
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
        self.slides = ()
        values = self.values
        self.falls = tuple(self.at[index] for index in range(1, len(values)) if values[index] < values[index - 1])

    def add(self, at: Instant, value: float) -> None:
        """Places one sample; the same instant again replaces it."""
        times = self.at
        if not times or at > times[-1]:
            self._append(at, value)
        else:
            index = bisect_left(times, at)
            if times[index] != at:
                times.insert(index, at)
                self.values.insert(index, value)
            elif self.values[index] == value:
                return
            self.values[index] = value
            self._look_back()
        self._forget()

    def _append(self, at: Instant, value: float) -> None:
        times, values = self.at, self.values
        # Thinning drops a sample between two close ones; a falling counter is never thinned: it may be a reset.
        close = not self.exact and len(times) > 1 and at - times[-2] < self.keep_ms // FINENESS
        if close and values[-2] <= values[-1] <= value:
            times.pop()
            values.pop()
        if values and value < values[-1]:
            self.falls += (at,)
        times.append(at)
        values.append(value)

    def _forget(self) -> None:
        times = self.at
        oldest = times[-1] - self.keep_ms
        if len(times) > 1 and times[1] <= oldest:
            self._drop(bisect_right(times, oldest) - 1)
        if len(times) > MOST_SAMPLES:
            if self.exact:
                self._hold(_thinned(self.samples, max(self.keep_ms // FINENESS, 1)))
            self._drop(len(self.at) - MOST_SAMPLES)

    def _drop(self, oldest: int) -> None:
        if oldest > 0:
            del self.at[:oldest]
            del self.values[:oldest]
            if self.falls and self.falls[0] <= self.at[0]:
                self.falls = tuple(at for at in self.falls if at > self.at[0])

    def ask(self, window: Window, at: Instant) -> float | None:
        """What the past says to a question, at an instant of event time."""
        function, length_ms = window.function, window.length_ms
        if function == "idle":
            return self._idle(window, at)
        if function in _OF_COUNTERS:
            return _OF_COUNTERS[function](self, at, length_ms)
        first, end = bisect_right(self.at, at - length_ms), self._end(at)
        if first == end:
            return None
        if function == "seen":
            return float(min(at - self.at[0], length_ms))
        if function in PICKS and end - first > SHORT and end == len(self.at):
            return self._extreme(window, first)
        values = self.values[first:end]
        return _quantile(values, window.part) if function == "quantile" else float(_OF_VALUES[function](values))

    def _end(self, at: Instant) -> int:
        return len(self.at) if not self.at or self.at[-1] <= at else bisect_right(self.at, at)

    def _extreme(self, window: Window, first: int) -> float:
        slide = self._slide(window)
        assert isinstance(slide, Extreme)
        return slide.ask(self.at, self.values, first)

    def _span(self, at: Instant, length_ms: int) -> tuple[int, int] | None:
        """The first and last sample that cover the `length_ms` before `at`; None when they do not reach back so far."""
        start = bisect_right(self.at, at - length_ms) - 1
        last = self._end(at) - 1
        return (start, last) if 0 <= start < last else None

    def increase(self, at: Instant, length_ms: int) -> float | None:
        """How much the counter grew over at least the last `length_ms`; resets and running back are seen through."""
        span = self._span(at, length_ms)
        if span is None:
            return None
        start, last = span
        values, more = self.values, 0.0
        for index in (bisect_left(self.at, at) for at in self.falls if self.at[start] < at <= self.at[last]):
            more += values[index - 1] - values[start] + grown(values[index - 1], values[index])
            start = index
        more += values[last] - values[start]
        # Rounded to a tenth of a millilitre: 312.417 - 312.407 must not be 0.009999999999990905 and below one flush.
        return round(more, 7)

    def rate(self, at: Instant, length_ms: int) -> float | None:
        """How much the counter grows an hour, over at least the last `length_ms`."""
        span, more = self._span(at, length_ms), self.increase(at, length_ms)
        if span is None or more is None:
            return None
        return round(more * HOUR / (self.at[span[1]] - self.at[span[0]]), 7)

    def idle(self, at: Instant, length_ms: int) -> float | None:
        """The longest standstill, in milliseconds, within the last `length_ms`."""
        span = self._span(at, length_ms)
        return None if span is None else Standstill(length_ms).ask(self.at, self.values, *span)

    def _idle(self, window: Window, at: Instant) -> float | None:
        """The same, for a window that moves on."""
        span = self._span(at, window.length_ms)
        if span is None or span[1] < len(self.at) - 1:
            return self.idle(at, window.length_ms)
        slide = self._slide(window)
        assert isinstance(slide, Standstill)
        return slide.ask(self.at, self.values, *span)

    def _slide(self, window: Window) -> Extreme | Standstill:
        for slide in self.slides:
            if slide.length_ms == window.length_ms and slide.function == window.function:
                return slide
        idle = window.function == "idle"
        slide = Standstill(window.length_ms) if idle else Extreme(window.function, window.length_ms)
        self.slides += (slide,)
        return slide


_OF_COUNTERS: Final[Mapping[str, Callable[[History, Instant, int], float | None]]] = {
    "increase": History.increase, "rate": History.rate,
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
