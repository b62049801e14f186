"""The promises of time: which rule of which device must be looked at, when. A heap that may hold outdated entries;
whoever takes one asks the watch whether it is still meant. It knows no rules.
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

Wake = tuple[Instant, str, str]
"""Due instant, what is looked at (`look`), device. Three values and no more: there are several for each device."""
SPARE: Final = 10_000
"""Outdated entries allowed beside four for each device; a flapping device must not fill the memory."""


_RANKED: Final = "~"
"""Before the digits of a rank that is not 0: behind every name of a rule."""


@lru_cache(maxsize=4096)
def look(rank: int, rule: str) -> str:
    """A rule and its rank as one text, which sorts by rank.

    >>> sorted([look(1, "a"), look(0, "b"), look(1, CONTEXT), look(0, ABSENCE)])
    ['', 'b', '~001*', '~001a']
    """
    return f"{_RANKED}{rank:03d}{rule}" if rank else rule


def looked_at(look: str) -> tuple[int, str]:
    """The rank and the rule.

    >>> looked_at("~001a"), looked_at("b")
    ((1, 'a'), (0, 'b'))
    """
    return (int(look[1:4]), look[4:]) if look.startswith(_RANKED) else (0, look)


class Wakes:
    """Equal instants come in the order of ranks, so that what inhibits is judged before what it inhibits, and then of
    names, so that a replay tells the same story."""

    def __init__(self) -> None:
        self.heap: list[Wake] = []

    def owe(self, due: Instant, device: str, rule: str, rank: int = 0) -> None:
        """Promises to look again at `due`."""
        heappush(self.heap, (due, look(rank, rule), device))

    def put(self, wake: Wake) -> None:
        """One that was owed before."""
        heappush(self.heap, wake)

    def take(self) -> Wake:
        """The earliest one."""
        return heappop(self.heap)

    @property
    def next(self) -> Instant | None:
        """When the earliest one is due."""
        return self.heap[0][0] if self.heap else None

    def overgrown(self, devices: int) -> bool:
        """True when most of it must be outdated."""
        return len(self.heap) > SPARE + 4 * devices

    def renew(self, wakes: Iterable[Wake]) -> None:
        """Forgets everything but these."""
        self.heap[:] = wakes
        heapify(self.heap)
