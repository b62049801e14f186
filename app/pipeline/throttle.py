"""Test only: limits how fast entries are processed, so that tests and benchmarks can build up a backlog.

Set by `judging.test_frames_per_s` and `judging.test_hold` in site.yaml; a real site sets neither.
"""

from __future__ import annotations

from domain import Instant


class Throttle:
    """At most `frames_per_s` for `duration_ms` after the first frame; 0 means no limit.

    >>> throttle = Throttle(1_000, 60_000)
    >>> throttle.delay_s(200, 5_000), throttle.delay_s(200, 65_000), Throttle().delay_s(200, 5_000)
    (0.2, 0.0, 0.0)
    """

    def __init__(self, frames_per_s: int = 0, duration_ms: int = 0) -> None:
        self._frames_per_s, self._duration_ms = frames_per_s, duration_ms
        self._ends_at: Instant | None = None

    def delay_s(self, frames: int, now: Instant) -> float:
        """How long to wait after so many frames."""
        if self._ends_at is None:
            self._ends_at = now + self._duration_ms
        return frames / self._frames_per_s if self._frames_per_s and now < self._ends_at else 0.0
