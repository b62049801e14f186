"""SampleHistory: samples of one quantity of one device in event time, and the window functions over them
(rules/language/functions.py lists them). What cannot be computed is None.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Instant, Value
from rules.language.functions import BASELINE_FUNCTIONS, FULL_SAMPLE_FUNCTIONS, FUNCTIONS
from rules.language.nodes import Node, WindowCall
from rules.language.prefilter import value_test
from rules.windows.sliding import EXTREMES, SlidingExtreme, SlidingIdle, counter_increase

Sample = tuple[Instant, float]
BUCKETS_PER_WINDOW: Final = 128
"""A window is kept in about this many pieces of time: memory a device is bounded, whatever its reporting rate."""
MAX_SAMPLES: Final = 4 * BUCKETS_PER_WINDOW
"""Beyond so many, each piece of time keeps its first, last, least and greatest sample; then the oldest go."""
MIN_FORECAST_SAMPLES: Final = 3
"""Fewer samples make no forecast."""
SHARED_HISTORY_MS: Final = 2 * DAY
"""Windows up to here share one history; beyond, each eightfold reach has its own."""
SMALL_WINDOW: Final = 16
"""Among so few samples the greatest is found faster than remembered."""


class Retention(Struct, frozen=True):
    """What is kept of a quantity for the windows that look at it."""

    quantity: str
    keep_ms: int
    exact: bool
    is_bool: bool

    def history(self, samples: Iterable[Sample] = ()) -> SampleHistory:
        """The samples under these terms."""
        return SampleHistory(self.keep_ms, samples, self.exact, self.is_bool)


def history_name(window: WindowCall) -> str:
    """The name of the history a window looks at: that of its quantity, and of its reach where that is days or weeks.

    Samples are thinned to a part of the longest window they serve: a window of a month must not coarsen one of an hour.
    """
    if window.reach_ms <= SHARED_HISTORY_MS:
        return window.quantity
    reach, length = 1, SHARED_HISTORY_MS * 8
    while window.reach_ms > length:
        reach, length = reach + 1, length * 8
    return f"{window.quantity}~{reach}"


def retentions(windows: Iterable[WindowCall], is_bool: Collection[str]) -> dict[str, Retention]:
    """What must be kept for these windows, by the name of each history; `yes_no` names the yes/no quantities."""
    kept: dict[str, Retention] = {}
    for window in (one for one in windows if one.function not in BASELINE_FUNCTIONS):
        name = history_name(window)
        before = kept.get(name, Retention(window.quantity, 0, False, window.quantity in is_bool))
        exact = before.exact or window.function in FULL_SAMPLE_FUNCTIONS
        kept[name] = Retention(window.quantity, max(before.keep_ms, window.reach_ms), exact, before.is_bool)
    return kept


class SampleHistory:
    """Samples in event-time order, the newest `keep_ms` of them and one more before, so that the window has a start.

    `exact`: every sample counts, not only the growth between them. `yes_no`: samples are 1 (true) and 0 (false), and
    `count` counts those that are true. Two arrays, sixteen bytes a sample: there is one of these for every meter and
    every wristband.
    """

    __slots__ = ("aggregates", "at", "exact", "is_bool", "keep_ms", "resets", "values")

    def __init__(
        self, keep_ms: int, samples: Iterable[Sample] = (), exact: bool = False, is_bool: bool = False
    ) -> None:
        self.keep_ms, self.exact, self.is_bool = keep_ms, exact, is_bool
        self.resets: tuple[Instant, ...] = ()
        """When a counter fell: seldom; between falls growth is a single subtraction."""
        self.aggregates: tuple[SlidingExtreme | SlidingIdle, ...] = ()
        """What was found out about windows that move on: seldom more than two, and there are many histories."""
        self._load(samples)

    @property
    def samples(self) -> list[Sample]:
        """Everything it holds."""
        return list(zip(self.at, self.values, strict=True))

    def _load(self, samples: Iterable[Sample]) -> None:
        held = list(samples)
        self.at, self.values = array("q", (at for at, _ in held)), array("d", (value for _, value in held))
        self._rebuild_caches()

    def _rebuild_caches(self) -> None:
        """Works out anew what is kept beside the samples."""
        self.aggregates = ()
        values = self.values
        self.resets = tuple(self.at[index] for index in range(1, len(values)) if values[index] < values[index - 1])

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
            self._rebuild_caches()
        self._forget()

    def _append(self, at: Instant, value: float) -> None:
        times, values = self.at, self.values
        # Thinning drops a sample between two close ones; a falling counter is never thinned: it may be a reset.
        close = not self.exact and len(times) > 1 and at - times[-2] < self.keep_ms // BUCKETS_PER_WINDOW
        if close and values[-2] <= values[-1] <= value:
            times.pop()
            values.pop()
        if values and value < values[-1]:
            self.resets += (at,)
        times.append(at)
        values.append(value)

    def _forget(self) -> None:
        times = self.at
        oldest = times[-1] - self.keep_ms
        if len(times) > 1 and times[1] <= oldest:
            self._drop(bisect_right(times, oldest) - 1)
        if len(times) > MAX_SAMPLES:
            if self.exact:
                self._load(_downsample(self.samples, max(self.keep_ms // BUCKETS_PER_WINDOW, 1)))
            self._drop(len(self.at) - MAX_SAMPLES)

    def _drop(self, oldest: int) -> None:
        if oldest > 0:
            del self.at[:oldest]
            del self.values[:oldest]
            if self.resets and self.resets[0] <= self.at[0]:
                self.resets = tuple(at for at in self.resets if at > self.at[0])

    def query(self, window: WindowCall, at: Instant) -> float | None:
        """The result of a window function at an instant of event time."""
        function, at = window.function, at - window.offset_ms
        if function == "idle":
            return self._idle(window, at)
        if function in _COUNTER_QUERIES:
            return _COUNTER_QUERIES[function](self, at, window.length_ms)
        first, end = bisect_right(self.at, at - window.length_ms), self._end(at)
        if first == end:
            return None
        if function == "seen":
            return float(min(at - self.at[0], window.length_ms))
        if function == "predict":
            return _predicted(self.at[first:end], self.values[first:end], window, at)
        if self._slides(window) and end - first > SMALL_WINDOW and end == len(self.at):
            return self._extreme(window, first)
        return self._aggregated(window, self.values[first:end])

    def _slides(self, window: WindowCall) -> bool:
        return window.function in EXTREMES and not window.offset_ms and window.test is None

    def _aggregated(self, window: WindowCall, values: Sequence[float]) -> float | None:
        function = window.function
        if function == "quantile":
            return _quantile(values, window.part)
        if window.test is not None:
            asked = _compile_test(window.test)
            recorded: Iterable[Value] = map(bool, values) if self.is_bool else values
            values = [1.0 if asked(value) else 0.0 for value in recorded]
        aggregate = FUNCTIONS["sum" if function == "count" and (self.is_bool or window.test) else function].aggregate
        assert aggregate is not None
        result = aggregate(values)
        return None if result is None else float(result)

    def _end(self, at: Instant) -> int:
        return len(self.at) if not self.at or self.at[-1] <= at else bisect_right(self.at, at)

    def _extreme(self, window: WindowCall, first: int) -> float:
        slide = self._aggregate(window)
        assert isinstance(slide, SlidingExtreme)
        return slide.query(self.at, self.values, first)

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
        for index in (bisect_left(self.at, at) for at in self.resets if self.at[start] < at <= self.at[last]):
            more += values[index - 1] - values[start] + counter_increase(values[index - 1], values[index])
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
        return None if span is None else SlidingIdle(length_ms).query(self.at, self.values, *span)

    def _idle(self, window: WindowCall, at: Instant) -> float | None:
        """The same, for a window that moves on."""
        span = self._span(at, window.length_ms)
        if span is None or span[1] < len(self.at) - 1 or window.offset_ms:
            return self.idle(at, window.length_ms)
        slide = self._aggregate(window)
        assert isinstance(slide, SlidingIdle)
        return slide.query(self.at, self.values, *span)

    def _aggregate(self, window: WindowCall) -> SlidingExtreme | SlidingIdle:
        for slide in self.aggregates:
            if slide.length_ms == window.length_ms and slide.function == window.function:
                return slide
        idle = window.function == "idle"
        slide = SlidingIdle(window.length_ms) if idle else SlidingExtreme(window.function, window.length_ms)
        self.aggregates += (slide,)
        return slide


_COUNTER_QUERIES: Final[Mapping[str, Callable[[SampleHistory, Instant, int], float | None]]] = {
    "increase": SampleHistory.increase, "rate": SampleHistory.rate,
}  # fmt: skip


@lru_cache(maxsize=1024)
def _compile_test(node: Node) -> Callable[[Value], object]:
    """Compiles the condition on each sample of a window."""
    asked = value_test(node)
    assert asked is not None  # the parser takes no other
    return asked


def _predicted(times: Sequence[Instant], values: Sequence[float], window: WindowCall, at: Instant) -> float | None:
    """The value of a least-squares line at the end of the forecast; None while the samples span too little of the
    window.
    """
    count = len(times)
    if count < MIN_FORECAST_SAMPLES or times[-1] - times[0] < window.length_ms / 2:
        return None
    middle_at, middle = sum(times) / count, sum(values) / count
    spread = sum((time - middle_at) ** 2 for time in times)
    slope = sum((time - middle_at) * (value - middle) for time, value in zip(times, values, strict=True)) / spread
    return round(middle + slope * (at + window.ahead_ms - middle_at), 7)


def _quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the others lies, between two neighbours in proportion."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 7)


def _downsample(samples: Sequence[Sample], piece_ms: int) -> Iterator[Sample]:
    """Of each piece of time the first, last, least and greatest sample: to thin twice is to thin once."""
    for _, piece in groupby(samples, key=lambda sample: sample[0] // piece_ms):
        held = list(piece)
        yield from sorted({held[0], held[-1], min(held, key=_value), max(held, key=_value)})


def _value(sample: Sample) -> float:
    return sample[1]
