"""Holds judging back, so that tests and benchmarks can make an overload. A site never sets it."""

from __future__ import annotations

from domain import Instant


class Throttle:
    """At most so many frames a second, for so long after the first of them; 0 holds nothing.

    >>> throttle = Throttle(1_000, 60_000)
    >>> throttle.delay_s(200, 5_000), throttle.delay_s(200, 65_000), Throttle().delay_s(200, 5_000)
    (0.2, 0.0, 0.0)
    """

    def __init__(self, frames_per_s: int = 0, lasts_ms: int = 0) -> None:
        self._frames_per_s, self._duration_ms = frames_per_s, lasts_ms
        self._ends_at: Instant | None = None

    def delay_s(self, frames: int, now: Instant) -> float:
        """How long to rest after so many frames."""
        if self._ends_at is None:
            self._ends_at = now + self._duration_ms
        return frames / self._frames_per_s if self._frames_per_s and now < self._ends_at else 0.0
