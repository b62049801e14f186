"""The only file that reads a clock. Everyone else is handed `now`."""

from __future__ import annotations

import time


class Clock:
    """Wall time in milliseconds since 1970 UTC that never goes back, whatever NTP does."""

    def __init__(self) -> None:
        self._latest = 0

    def __call__(self) -> int:
        self._latest = max(self._latest, time.time_ns() // 1_000_000)
        return self._latest
