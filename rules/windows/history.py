"""Window functions over the recent past of one quantity of one device, in event time
(rules/language/functions.py lists them). What cannot be known is None.
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
from rules.language.functions import EXACT, FUNCTIONS, LEARNED
from rules.language.nodes import Node, Window
from rules.language.prefilter import reflex
from rules.windows.sliding import PICKS, Extreme, Standstill, grown

Sample = tuple[Instant, float]
FINENESS: Final = 128
"""A window is kept in about this many pieces of time: memory a device is bounded, whatever its reporting rate."""
MOST_SAMPLES: Final = 4 * FINENESS
"""Beyond so many, each piece of time keeps its first, last, least and greatest sample; then the oldest go."""
FORETELLS: Final = 3
"""Fewer samples make no forecast."""
SHARED_MS: Final = 2 * DAY
"""Windows up to here share one history; beyond, each eightfold reach has its own."""
SHORT: Final = 16
"""Among so few samples the greatest is found faster than remembered."""


class Kept(Struct, frozen=True):
    """What is kept of a quantity for the windows that look at it."""

    quantity: str
    keep_ms: int
    exact: bool
    yes_no: bool

    def history(self, samples: Iterable[Sample] = ()) -> History:
        """The samples under these terms."""
        return History(self.keep_ms, samples, self.exact, self.yes_no)


def history_of(window: Window) -> str:
    """The name of the history a window looks at: that of its quantity, and of its reach where that is days or weeks.

    Samples are thinned to a part of the longest window they serve: a window of a month must not coarsen one of an hour.
    """
    if window.reach_ms <= SHARED_MS:
        return window.quantity
    reach, length = 1, SHARED_MS * 8
    while window.reach_ms > length:
        reach, length = reach + 1, length * 8
    return f"{window.quantity}~{reach}"


def kept_for(windows: Iterable[Window], yes_no: Collection[str]) -> dict[str, Kept]:
    """What must be kept for these windows, by the name of each history; `yes_no` names the yes/no quantities."""
    kept: dict[str, Kept] = {}
    for window in (one for one in windows if one.function not in LEARNED):
        name = history_of(window)
        before = kept.get(name, Kept(window.quantity, 0, False, window.quantity in yes_no))
        exact = before.exact or window.function in EXACT
        kept[name] = Kept(window.quantity, max(before.keep_ms, window.reach_ms), exact, before.yes_no)
    return kept


class History:
    """Samples in event-time order, the newest `keep_ms` of them and one more before, so that the window has a start.

    `exact`: every sample counts, not only the growth between them. `yes_no`: samples are 1 (true) and 0 (false), and
    `count` counts those that are true. Two arrays, sixteen bytes a sample: there is one of these for every meter and
    every wristband.
    """

    __slots__ = ("at", "exact", "falls", "keep_ms", "slides", "values", "yes_no")

    def __init__(self, keep_ms: int, samples: Iterable[Sample] = (), exact: bool = False, yes_no: bool = False) -> None:
        self.keep_ms, self.exact, self.yes_no = keep_ms, exact, yes_no
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
        """The result of a window function at an instant of event time."""
        function, at = window.function, at - window.offset_ms
        if function == "idle":
            return self._idle(window, at)
        if function in _OF_COUNTERS:
            return _OF_COUNTERS[function](self, at, window.length_ms)
        first, end = bisect_right(self.at, at - window.length_ms), self._end(at)
        if first == end:
            return None
        if function == "seen":
            return float(min(at - self.at[0], window.length_ms))
        if function == "predict":
            return _predicted(self.at[first:end], self.values[first:end], window, at)
        if self._slides(window) and end - first > SHORT and end == len(self.at):
            return self._extreme(window, first)
        return self._aggregated(window, self.values[first:end])

    def _slides(self, window: Window) -> bool:
        return window.function in PICKS and not window.offset_ms and window.test is None

    def _aggregated(self, window: Window, values: Sequence[float]) -> float | None:
        function = window.function
        if function == "quantile":
            return _quantile(values, window.part)
        if window.test is not None:
            asked = _test(window.test)
            said: Iterable[Value] = map(bool, values) if self.yes_no else values
            values = [1.0 if asked(value) else 0.0 for value in said]
        aggregate = FUNCTIONS["sum" if function == "count" and (self.yes_no or window.test) else function].aggregate
        assert aggregate is not None
        result = aggregate(values)
        return None if result is None else float(result)

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
        if span is None or span[1] < len(self.at) - 1 or window.offset_ms:
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


@lru_cache(maxsize=1024)
def _test(node: Node) -> Callable[[Value], object]:
    """What a window asks of each of its samples."""
    asked = reflex(node)
    assert asked is not None  # the parser takes no other
    return asked


def _predicted(times: Sequence[Instant], values: Sequence[float], window: Window, at: Instant) -> float | None:
    """Where the straight line through the samples (least squares) will be; unknown while they span too little of the
    window to say how it goes on."""
    count = len(times)
    if count < FORETELLS or times[-1] - times[0] < window.length_ms / 2:
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


def _thinned(samples: Sequence[Sample], piece_ms: int) -> Iterator[Sample]:
    """Of each piece of time the first, last, least and greatest sample: to thin twice is to thin once."""
    for _, piece in groupby(samples, key=lambda sample: sample[0] // piece_ms):
        held = list(piece)
        yield from sorted({held[0], held[-1], min(held, key=_value), max(held, key=_value)})


def _value(sample: Sample) -> float:
    return sample[1]
