"""Changes of registry, rules and latches, applied between two journal entries; and those recorded by an earlier run.

A recorded change is in the journal and in no checkpoint yet: it is repeated after the same journal positions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from domain import Finding, Lane

Change = Callable[[], Sequence[Finding]]
"""Changes the state of decoder or engine and returns the findings that follow."""
RecordChange = Callable[[Mapping[Lane, int]], Awaitable[None]]
"""Records in the journal that a change is made after these positions."""
RecordedChange = tuple[Mapping[Lane, int], Change]
"""A change with the positions it was recorded at."""


class PendingChanges:
    """Changes that wait for the next gap between two entries, in order."""

    def __init__(self) -> None:
        self.pending: list[Callable[[], Awaitable[None]]] = []
        self.recorded: list[RecordedChange] = []

    def add(self, change: Callable[[], Awaitable[None]]) -> None:
        self.pending.append(change)

    def add_function(self, change: Callable[[], None]) -> None:
        """Add a change that awaits nothing."""

        async def apply() -> None:
            change()

        self.add(apply)

    async def apply_all(self) -> bool:
        """Apply everything that waits now; returns whether there was anything.

        A change stays in `pending` until it is applied, so that others see that they have to wait for it.
        """
        count = len(self.pending)
        for _ in range(count):
            await self.pending[0]()
            del self.pending[0]
        return count > 0

    def due_recorded(self, processed: Mapping[Lane, int] | None) -> Iterator[Change]:
        """Recorded changes whose positions are processed; all of them with None (the journal has no more entries)."""
        while self.recorded and (processed is None or _is_reached(self.recorded[0][0], processed)):
            yield self.recorded.pop(0)[1]


def _is_reached(positions: Mapping[Lane, int], processed: Mapping[Lane, int]) -> bool:
    return all(processed.get(lane, 0) >= pos for lane, pos in positions.items())
