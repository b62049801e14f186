"""Timers by due time, device and rule.

A rescheduled timer leaves its old entry in the heap, so that the caller compares the due time with the state's
`wake_at`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Final

from domain import Instant

ABSENCE = ""
"""In place of a rule's name: look whether the device is absent."""
CONTEXT = "*"
"""In place of a rule's name: judge again what time or another finding may have changed."""
TEST = "?"
"""In place of a rule's name: the test of the device is over."""

Timer = tuple[Instant, str, str]
"""Due instant, what is looked at (`look`), device. Three values and no more: there are several for each device."""
MAX_STALE_TIMERS: Final = 10_000
"""Outdated entries allowed beside four for each device; a flapping device must not fill the memory."""


_RANKED: Final = "~"
"""Before the digits of a rank that is not 0: behind every name of a rule."""


@lru_cache(maxsize=4096)
def timer_key(rank: int, rule: str) -> str:
    """A rule and its rank as one text, which sorts by rank.

    >>> sorted([timer_key(1, "a"), timer_key(0, "b"), timer_key(1, CONTEXT), timer_key(0, ABSENCE)])
    ['', 'b', '~001*', '~001a']
    """
    return f"{_RANKED}{rank:03d}{rule}" if rank else rule


def split_timer_key(look: str) -> tuple[int, str]:
    """The rank and the rule.

    >>> split_timer_key("~001a"), split_timer_key("b")
    ((1, 'a'), (0, 'b'))
    """
    return (int(look[1:4]), look[4:]) if look.startswith(_RANKED) else (0, look)


class TimerQueue:
    """Timers in a heap. Equal instants come in the order of ranks, so that inhibiting rules run first, then of names,
    so that a replay gives the same order.
    """

    def __init__(self) -> None:
        self.heap: list[Timer] = []

    def schedule(self, due: Instant, device: str, rule: str, rank: int = 0) -> None:
        """Schedules a timer at `due`."""
        heappush(self.heap, (due, timer_key(rank, rule), device))

    def add(self, wake: Timer) -> None:
        """Adds a restored timer."""
        heappush(self.heap, wake)

    def pop(self) -> Timer:
        """The earliest one."""
        return heappop(self.heap)

    @property
    def next(self) -> Instant | None:
        """When the earliest one is due."""
        return self.heap[0][0] if self.heap else None

    def needs_compaction(self, devices: int) -> bool:
        """True when most of it must be outdated."""
        return len(self.heap) > MAX_STALE_TIMERS + 4 * devices

    def rebuild(self, timers: Iterable[Timer]) -> None:
        """Forgets everything but these."""
        self.heap[:] = timers
        heapify(self.heap)
