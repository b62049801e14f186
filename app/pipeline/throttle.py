"""Holds judging back, so that tests and benchmarks can make an overload. A site never sets it."""

from __future__ import annotations

from domain import Instant


class Hold:
    """At most so many frames a second, for so long after the first of them; 0 holds nothing.

    >>> hold = Hold(1_000, 60_000)
    >>> hold.rest_s(200, 5_000), hold.rest_s(200, 65_000), Hold().rest_s(200, 5_000)
    (0.2, 0.0, 0.0)
    """

    def __init__(self, frames_per_s: int = 0, lasts_ms: int = 0) -> None:
        self._frames_per_s, self._lasts_ms = frames_per_s, lasts_ms
        self._ends: Instant | None = None

    def rest_s(self, frames: int, now: Instant) -> float:
        """How long to rest after so many frames."""
        if self._ends is None:
            self._ends = now + self._lasts_ms
        return frames / self._frames_per_s if self._frames_per_s and now < self._ends else 0.0
