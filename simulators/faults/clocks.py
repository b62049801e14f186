"""Faults of devices' clocks. Platforms that state their own time are not affected (`MessageEncoder`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain import DAY, HOUR, SECOND, Instant
from simulators.faults.draws import draws
from simulators.faults.fault import DeviceFacts, Effect
from simulators.faults.windows import WindowFault, Windows

_YEAR: Final = 365 * DAY
_Y2000: Final = 946_684_800_000
_REMEMBERED: Final = 200_000


class ClockSkew:
    """The clocks of a share of the devices are wrong by up to `most_s`, always by the same."""

    def __init__(self, seed: int, share: float, most_s: float) -> None:
        self._key, self._share, self._most_ms = f"{seed}/clock_skew", share, most_s * SECOND
        self._offsets: dict[str, int] = {}

    def offset_ms(self, device: DeviceFacts, _at: Instant) -> int:
        offset = self._offsets.get(device.id)
        if offset is None:
            if len(self._offsets) >= _REMEMBERED:
                self._offsets.clear()
            chosen, size = draws(2, self._key, device.id)
            offset = int((2 * size - 1) * self._most_ms) if chosen < self._share else 0
            self._offsets[device.id] = offset
        return offset

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]:
        """All the time, on a device whose clock is wrong."""
        if self.offset_ms(device, start):
            yield Effect("clock_skew", device.id, start, end)


class ClockJump(WindowFault):
    """After a restart a clock shows another time until it is set: 2000-01-01, a day back, an hour or a year ahead."""

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float) -> None:
        windows = Windows(f"{seed}/clock_jump", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("clock_jump", windows)

    def offset_ms(self, device: DeviceFacts, at: Instant) -> int:
        window = self.active(device, at)
        if window is None:
            return 0
        jumps = (_Y2000 - window.start, -DAY, HOUR, _YEAR)
        return jumps[int(window.draw * len(jumps))]
