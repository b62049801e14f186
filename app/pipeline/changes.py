"""Changes of registry, rules and latches, carried out between two entries of the journal; and those that a run before
noted and that no checkpoint holds, repeated where they belong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from domain import Finding, Lane

Noted = Callable[[dict[Lane, int]], Awaitable[None]]
"""Writes down that a change is made after these positions."""
Work = Callable[[], Sequence[Finding]]
Repeated = tuple[Mapping[Lane, int], Work]
"""A change that was noted, and the positions after which it belongs."""


class Changes:
    """What waits for the next gap between two entries."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], Awaitable[None]]] = []
        self.repeated: list[Repeated] = []

    def put(self, change: Callable[[], Awaitable[None]]) -> None:
        """In the order in which they are put."""
        self.waiting.append(change)

    def put_plain(self, change: Callable[[], None]) -> None:
        """One that waits for nothing itself."""

        async def carry_out() -> None:
            change()

        self.put(carry_out)

    async def carry_out(self) -> bool:
        """Everything that waits; whether anything did."""
        changes, self.waiting = self.waiting, []
        for change in changes:
            await change()
        return bool(changes)

    def to_repeat(self, done: Mapping[Lane, int] | None) -> Iterator[Work]:
        """Those whose positions are judged, or (None) all: nothing is left in the journal."""
        while self.repeated and (done is None or _is_reached(self.repeated[0][0], done)):
            yield self.repeated.pop(0)[1]


def _is_reached(cursor: Mapping[Lane, int], done: Mapping[Lane, int]) -> bool:
    return all(done.get(lane, 0) >= pos for lane, pos in cursor.items())
