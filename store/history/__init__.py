"""The history: time series of every device's readings. This module is the port; `duckdb` and `remote` are backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Instant, Lane, Quality, Reading, Value

ROLLUP_STEPS_MS: Final = (
    *(n * SECOND for n in (1, 2, 5, 10, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28)),
)
"""Lengths of roll-up buckets: each divides the longer ones up to a day, so that stored roll-ups can be added up."""


class Point(Struct, frozen=True, gc=False):
    """One value of one quantity. In a series with a step, `at` is the start of the bucket."""

    at: Instant
    quantity: str
    value: Value
    quality: Quality = Quality.GOOD


class Rollup(Struct, frozen=True, gc=False):
    """One quantity in one bucket that begins at `at`: lowest, mean and highest number, implausible ones left out.

    Of true and false `low` and `high` are 0 or 1 and `last` is the last of them; a text has `last` only.
    """

    at: Instant
    quantity: str
    low: float | None
    mean: float | None
    high: float | None
    last: Value | None = None


class ServerStatus(Struct, frozen=True):
    """How a history server takes what is sent to it. Counts are of this run, `waiting_readings` and bytes of all.

    - `problem`: why it takes nothing, for `failing_s` seconds; empty when it does.
    - `resent`: readings sent again after it restarted, because it may have lost them.
    - `refused`: values that it refused for good, by reason; `left_out`: rows that it says it dropped on its own.
    """

    problem: str = ""
    failing_s: float = 0.0
    waiting_readings: int = 0
    spool_bytes: int = 0
    sent: int = 0
    resent: int = 0
    refused: Mapping[str, int] = {}
    left_out: Mapping[str, int] = {}


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

    async def rollups(
        self, device: str, quantity: str | None, start: Instant, end: Instant, step_ms: int
    ) -> list[Rollup]:
        """Buckets of `step_ms` (aligned to the epoch) with readings in `start <= at < end`, by instant and quantity."""
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

    def server_status(self) -> ServerStatus | None:
        """How the server takes what is sent to it; None for a history without a server."""
        ...

    async def close(self) -> None:
        """Flush and close files or connections."""
        ...


def rollup_step_ms(start: Instant, end: Instant, points: int) -> int:
    """The shortest length of a bucket with which a period has at most `points` of them.

    >>> rollup_step_ms(0, 365 * DAY, 400) == DAY, rollup_step_ms(0, 7 * DAY, 400) == 30 * MINUTE
    (True, True)
    """
    shortest = (end - start) / points
    return next((step for step in ROLLUP_STEPS_MS if step >= shortest), ROLLUP_STEPS_MS[-1])


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
