"""The promises of time: which rule of which device must be looked at, when. A heap that may hold outdated entries;
whoever takes one asks the watch whether it is still meant. It knows no rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Final

from domain import Instant

ABSENCE = ""
"""In place of a rule's name: look whether the device is absent."""

Wake = tuple[Instant, str, str]
SPARE: Final = 10_000
"""Outdated entries allowed beside four for each device; a flapping device must not fill the memory."""


class Wakes:
    """Due instant, device, rule. Equal instants come in the order of names, so that a replay tells the same story."""

    def __init__(self) -> None:
        self.heap: list[Wake] = []

    def owe(self, due: Instant, device: str, rule: str) -> None:
        """Promises to look again at `due`."""
        heappush(self.heap, (due, device, rule))

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
