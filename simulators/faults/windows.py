"""Times at which a fault is active, for one device, gateway or building: drawn for each day by name."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from domain import DAY, Instant
from simulators.faults.draws import draws

_REMEMBERED = 200_000


class Window(Struct, frozen=True):
    """From `start` until `end`, excluded. `draw` is a random number in [0, 1) of this window."""

    start: Instant
    end: Instant
    draw: float


class Windows:
    """At most one window begins in each day (UTC) of a subject, with the probability `share`.

    It lasts `shortest_ms` to `longest_ms`, evenly distributed, and may reach into later days. Where windows of a
    subject overlap, the earlier one counts.
    """

    def __init__(self, key: str, share: float, shortest_ms: int, longest_ms: int) -> None:
        self._key, self._share = key, share
        self._shortest_ms, self._longest_ms = shortest_ms, longest_ms
        self._days_back = -(-longest_ms // DAY)
        self._drawn: dict[tuple[str, int], Window | None] = {}

    def active(self, subject: str, at: Instant) -> Window | None:
        """The window of the subject that contains the instant."""
        today = at // DAY
        for day in range(today - self._days_back, today + 1):
            window = self._of_day(subject, day)
            if window is not None and window.start <= at < window.end:
                return window
        return None

    def within(self, subject: str, start: Instant, end: Instant) -> Iterator[Window]:
        """The windows of the subject that overlap the time from `start` until `end`, in order of `start`."""
        for day in range(start // DAY - self._days_back, (end - 1) // DAY + 1):
            window = self._of_day(subject, day)
            if window is not None and window.start < end and window.end > start:
                yield window

    def _of_day(self, subject: str, day: int) -> Window | None:
        key = (subject, day)
        try:
            return self._drawn[key]
        except KeyError:
            pass
        if len(self._drawn) >= _REMEMBERED:
            self._drawn.clear()
        window = self._drawn[key] = self._draw(subject, day)
        return window

    def _draw(self, subject: str, day: int) -> Window | None:
        chosen, offset, length, number = draws(4, self._key, subject, day)
        if chosen >= self._share:
            return None
        start = day * DAY + int(offset * DAY)
        lasts_ms = self._shortest_ms + int(length * (self._longest_ms - self._shortest_ms))
        return Window(start, start + lasts_ms, number)
