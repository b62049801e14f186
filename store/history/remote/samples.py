"""Samples read from a time series server, and how they become points and readings again. Pure: no network, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol

from msgspec import Struct

from domain import Instant, Lane, Quality, Reading, Value
from store.history import Point, Rollup, parse_cursor
from store.history.remote.line_protocol import RECEIVED

_EXACT = 2**53


class Sample(Struct, frozen=True, gc=False):
    """One value of one series."""

    device: str
    kind: str
    quantity: str
    at: Instant
    value: Value
    quality: Quality = Quality.GOOD


class SampleReader(Protocol):
    """Reads from one kind of server."""

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterable[Sample]:
        """Values with `start <= at < end`, in any order; RECEIVED is a quantity like the others."""
        ...

    def has_samples(self, start: Instant, end: Instant) -> bool:
        """Whether there may be values with `start <= at < end`; whole days (UTC)."""
        ...

    def newest(self, device: str) -> Iterable[Sample]:
        """At least the newest value of each quantity of a device."""
        ...

    def position(self) -> dict[Lane, int]:
        """The newest stored journal position of each lane."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def number(value: float) -> int | float:
    """A DOUBLE as it was most likely sent: whole numbers as integers.

    >>> number(24.0), number(312.407), number(1e300)
    (24, 312.407, 1e+300)
    """
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value


def points(samples: Iterable[Sample]) -> list[Point]:
    """Points, ascending. Equal samples were written twice by a replay and count once."""
    unique = {(s.at, s.quantity, s.value, s.quality): s for s in samples if s.quantity != RECEIVED}
    return sorted(
        (Point(s.at, s.quantity, s.value, s.quality) for s in unique.values()),
        key=lambda point: (point.at, point.quantity, str(point.value)),
    )


def bucketed(series: Sequence[Point], step_ms: int) -> list[Point]:
    """Per bucket and quantity the mean of numbers, the last value of anything else; implausible values left out."""
    return [Point(at, quantity, _mean_or_last(values)) for (at, quantity), values in _buckets(series, step_ms)]


def rollups(series: Sequence[Point], step_ms: int) -> list[Rollup]:
    """Per bucket and quantity the lowest, mean and highest number; implausible values left out."""
    return [_rollup(at, quantity, values) for (at, quantity), values in _buckets(series, step_ms)]


def _buckets(series: Sequence[Point], step_ms: int) -> list[tuple[tuple[Instant, str], list[Value]]]:
    buckets: dict[tuple[Instant, str], list[Value]] = {}
    for point in series:
        if point.quality is not Quality.IMPLAUSIBLE:
            buckets.setdefault((point.at - point.at % step_ms, point.quantity), []).append(point.value)
    return sorted(buckets.items())


def _rollup(at: Instant, quantity: str, values: Sequence[Value]) -> Rollup:
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if numbers:
        return Rollup(at, quantity, min(numbers), sum(numbers) / len(numbers), max(numbers))
    flags = [float(value) for value in values if isinstance(value, bool)]
    return Rollup(at, quantity, min(flags, default=None), None, max(flags, default=None), values[-1])


def page(series: Sequence[Point], limit: int, after: str | None) -> list[Point]:
    """The points after a cursor."""
    at, skip = parse_cursor(after)
    if at is None:
        return list(series[:limit])
    first = next((index for index, point in enumerate(series) if point.at >= at), len(series))
    return list(series[first + skip : first + skip + limit])


def newest(samples: Iterable[Sample]) -> list[Point]:
    """The newest point of each quantity, by quantity."""
    last = {point.quantity: point for point in points(samples)}
    return [last[quantity] for quantity in sorted(last)]


def readings(samples: Iterable[Sample]) -> Iterator[Reading]:
    """Readings assembled from their samples, in order of reception."""
    key: Callable[[Sample], tuple[str, str, Instant]] = lambda s: (s.device, s.kind, s.at)  # noqa: E731
    assembled = [_reading(*group, list(members)) for group, members in groupby(sorted(samples, key=key), key=key)]
    yield from sorted(assembled, key=lambda reading: (reading.received, reading.at, reading.device))


def _reading(device: str, kind: str, at: Instant, samples: Sequence[Sample]) -> Reading:
    received = max((int(s.value) for s in samples if s.quantity == RECEIVED), default=at)
    measured = [s for s in samples if s.quantity != RECEIVED]
    doubts: dict[str, Quality] = {s.quantity: s.quality for s in measured if s.quality is not Quality.GOOD}
    return Reading(device, kind, at, received, {s.quantity: s.value for s in measured}, doubts)


def _mean_or_last(values: Sequence[Value]) -> Value:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return sum(numbers) / len(numbers) if numbers else values[-1]
