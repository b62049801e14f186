"""The only module that reads the clock. All others are passed `now`."""

from __future__ import annotations

import time


class Clock:
    """Wall time in milliseconds since 1970 UTC; never goes back when NTP sets the clock."""

    def __init__(self) -> None:
        self._latest = 0

    def __call__(self) -> int:
        self._latest = max(self._latest, time.time_ns() // 1_000_000)
        return self._latest
