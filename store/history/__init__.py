"""The history: time series of every device's readings. This module is the port; `duckdb` and `remote` are backends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from domain import Instant, Lane, Quality, Reading, Value


class Point(Struct, frozen=True, gc=False):
    """One value of one quantity. In a series with a step, `at` is the start of the bucket."""

    at: Instant
    quantity: str
    value: Value
    quality: Quality = Quality.GOOD


class History(Protocol):
    """A store of readings. Entries are appended with their journal position; `position` is what is durable."""

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """Buffer the readings of a journal entry, also of one without readings. Never waits.

        An entry appended before (a replay) is ignored. False when the buffer is full because nothing can be written:
        the lane then accepts no further entry, and the next start reads them from the journal.
        """
        ...

    async def flush(self) -> None:
        """Make everything appended so far durable, readings and positions together."""
        ...

    def position(self) -> dict[Lane, int]:
        """The last durable journal position of each lane."""
        ...

    async def series(
        self,
        device: str,
        quantity: str | None,
        start: Instant,
        end: Instant,
        step_ms: int | None = None,
        limit: int = 1000,
        after: str | None = None,
    ) -> list[Point]:
        """Points with `start <= at < end`, ascending, exactly as they were appended; `after` is a page's cursor.

        With a step: per bucket (aligned to the epoch) the mean of numbers, the last value of anything else.
        """
        ...

    async def latest(self, device: str) -> list[Point]:
        """The newest point of each quantity, by quantity."""
        ...

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """Readings with `start <= received < end` in order of reception: the input of a backtest.

        A history on a server selects by `at`, so backtests use the embedded one only.
        """
        ...

    async def roll_up(self, now: Instant) -> None:
        """Roll up closed hours to minutes and hours."""
        ...

    async def delete_expired(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """Delete raw readings, one-minute and one-hour roll-ups older than these numbers of days."""
        ...

    async def close(self) -> None:
        """Flush and close files or connections."""
        ...


def next_cursor(points: Sequence[Point], limit: int, after: str | None = None) -> str | None:
    """The cursor after a page of a series; None after the last page.

    >>> next_cursor([Point(5, "a", 1), Point(7, "a", 2), Point(7, "b", 3)], 3)
    '7:2'
    >>> next_cursor([Point(7, "c", 4)], 1, after="7:2")
    '7:3'
    """
    if not points or len(points) < limit:
        return None
    last = points[-1].at
    seen = sum(point.at == last for point in points)
    before_at, before_seen = parse_cursor(after)
    return f"{last}:{seen + (before_seen if before_at == last else 0)}"


def parse_cursor(after: str | None) -> tuple[Instant | None, int]:
    """The instant at which a page begins, and how many points of that instant earlier pages held."""
    if after is None:
        return None, 0
    at, _, seen = after.partition(":")
    return int(at), int(seen)
