"""Changes of registry, rules and latches, carried out between two entries of the journal; and those that a run before
noted and that no checkpoint holds, repeated where they belong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from domain import Finding, Lane

RecordChange = Callable[[dict[Lane, int]], Awaitable[None]]
"""Writes down that a change is made after these positions."""
Change = Callable[[], Sequence[Finding]]
RecordedChange = tuple[Mapping[Lane, int], Change]
"""A change that was noted, and the positions after which it belongs."""


class PendingChanges:
    """What waits for the next gap between two entries."""

    def __init__(self) -> None:
        self.pending: list[Callable[[], Awaitable[None]]] = []
        self.recorded: list[RecordedChange] = []

    def add(self, change: Callable[[], Awaitable[None]]) -> None:
        """In the order in which they are put."""
        self.pending.append(change)

    def add_function(self, change: Callable[[], None]) -> None:
        """One that waits for nothing itself."""

        async def carry_out() -> None:
            change()

        self.add(carry_out)

    async def apply_all(self) -> bool:
        """Everything that waits; whether anything did."""
        changes, self.pending = self.pending, []
        for change in changes:
            await change()
        return bool(changes)

    def due_recorded(self, done: Mapping[Lane, int] | None) -> Iterator[Change]:
        """Those whose positions are judged, or (None) all: nothing is left in the journal."""
        while self.recorded and (done is None or _is_reached(self.recorded[0][0], done)):
            yield self.recorded.pop(0)[1]


def _is_reached(cursor: Mapping[Lane, int], done: Mapping[Lane, int]) -> bool:
    return all(done.get(lane, 0) >= pos for lane, pos in cursor.items())
