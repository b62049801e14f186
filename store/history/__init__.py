"""The history: what every device measured, for as long as we keep it. This page is the port; each file is a backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from domain import Instant, Lane, Quality, Reading, Value


class Point(Struct, frozen=True, gc=False):
    """One value of one quantity. In a series with a step, `at` is where the bucket begins."""

    at: Instant
    quantity: str
    value: Value
    quality: Quality = Quality.GOOD


class History(Protocol):
    """A store of readings. Whoever appends gives the journal position; what is durable is told by `position`."""

    def append(self, lane: Lane, pos: int, readings: Sequence[Reading]) -> bool:
        """Take the readings of a journal entry into memory: cheap, never waits, an entry without readings too.

        An entry that was taken before (a replay) is passed over. False when the buffer is full because nothing can be
        written: the lane is then not taken further, and the journal still has it for the next start.
        """
        ...

    async def flush(self) -> None:
        """Make everything appended so far durable, positions and readings together."""
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
        """Points with `start <= at < end`, ascending, exactly as they were appended; `after` continues a page.

        With a step: per bucket (aligned to the epoch) the mean of a number, the last of anything else.
        """
        ...

    async def latest(self, device: str) -> list[Point]:
        """The newest point of each quantity, by quantity."""
        ...

    def sorted_replay(self, start: Instant, end: Instant, devices: Sequence[str] | None = None) -> Iterator[Reading]:
        """Readings with `start <= received < end` in the order in which they were received, for judging the past again.

        A history on a server chooses by `at`: only the embedded one is judged again.
        """
        ...

    async def roll_up(self, now: Instant) -> None:
        """Put closed hours into the form that is read fast and kept long."""
        ...

    async def retain(self, now: Instant, raw_days: int, minute_days: int, hour_days: int) -> None:
        """Forget raw readings, one-minute and one-hour roll-ups older than so many days."""
        ...

    async def close(self) -> None:
        """Flush and let go of the files."""
        ...


def next_cursor(points: Sequence[Point], limit: int, after: str | None = None) -> str | None:
    """The cursor behind a page of a series; None when it was the last one.

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
    """The instant at which a page begins, and how many points of that instant were shown before."""
    if after is None:
        return None, 0
    at, _, seen = after.partition(":")
    return int(at), int(seen)
