"""Runs a batch in one transaction, so that a bug met by one item does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from alerts.ports import AlertStore, Transact

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[Sequence[T], AlertStore], list[R]]
Finish = Callable[[AlertStore], None]
OnFault = Callable[[str, Exception], None]


class FaultIsolation:
    """Runs work on batches. `on_fault` is called for an item that failed; without it the exception is raised.

    `unavailable` are exceptions of a store that cannot write now: never the fault of an item, always raised.
    """

    def __init__(self, transact: Transact, on_fault: OnFault | None, unavailable: tuple[type[Exception], ...]) -> None:
        self._transact, self.on_fault, self.unavailable = transact, on_fault, unavailable

    async def run(
        self,
        work: Callable[[Sequence[T], AlertStore], list[R]],
        items: Sequence[T],
        finish: Finish | None = None,
        *,
        urgent: bool = False,
    ) -> list[R]:
        """Run all items in one transaction; if that fails, each in its own. `finish` runs in the last transaction."""

        def together(store: AlertStore) -> list[R]:
            done = work(items, store)
            if finish is not None:
                finish(store)
            return done

        try:
            return await self._transact(together, urgent=urgent)
        except Exception as fault:
            if self.on_fault is None or isinstance(fault, self.unavailable):
                raise
        done = [result for item in items for result in await self._alone(work, item, urgent)]
        if finish is not None:
            await self._transact(finish)
        return done

    async def _alone(self, work: Callable[[Sequence[T], AlertStore], list[R]], item: T, urgent: bool) -> list[R]:
        try:
            return await self._transact(partial(work, [item]), urgent=urgent)
        except Exception as fault:
            if self.on_fault is None or isinstance(fault, self.unavailable):
                raise
            self.on_fault(str(item), fault)
            return []
