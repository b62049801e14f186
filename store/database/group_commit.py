"""Group commit: works that wait at the same time are committed, and synced to the disk, in one transaction.

A sync takes some milliseconds, however little was written; in a storm hundreds of small works wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Final, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from store.errors import CannotWrite, is_disk_error

T = TypeVar("T")
Work = Callable[[Connection], T]

MAX_GROUP_S: Final = 0.02
"""No further work begins in a transaction after this time, so that the first one does not wait long for its commit."""


class _Submitted(Struct):
    """A work, and once it is committed what it returned, or what it raised."""

    work: Work[Any]
    is_cancelled: bool = False
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """Runs works in order of their submission, in one thread. Each is applied as a whole or not at all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Submitted] = deque()
        self._executor = ThreadPoolExecutor(1, "database-write")

    async def write(self, work: Work[T]) -> T:
        """Run `work`; returns once it is committed and synced.

        Raises what `work` raises, and CannotWrite for a full or failing disk; nothing is changed then. Of a caller that
        was cancelled a work that has not begun is left out; one that has begun commits or fails as a whole.
        """
        submitted = self._submit(work)
        try:
            result: T = await asyncio.get_running_loop().run_in_executor(self._executor, self._complete, submitted)
        except asyncio.CancelledError:
            submitted.is_cancelled = True
            raise
        return result

    def write_blocking(self, work: Work[T]) -> T:
        """`write` for commands and tests that run no event loop."""
        result: T = self._executor.submit(self._complete, self._submit(work)).result()
        return result

    def close(self) -> None:
        """Finish what was submitted."""
        self._executor.shutdown()

    def _submit(self, work: Work[Any]) -> _Submitted:
        submitted = _Submitted(work)
        self._waiting.append(submitted)
        return submitted

    def _complete(self, submitted: _Submitted) -> Any:
        """In the thread that writes: commit groups until this work is done, unless an earlier group has done it."""
        while not submitted.is_done:
            self._run_group()
        if submitted.error is not None:
            raise _as_store_error(submitted.error)
        return submitted.result

    def _run_group(self) -> None:
        first = self._next()
        if first is None:
            return
        group = [first]
        try:
            with self._engine.begin() as tx:
                self._run_works(tx, group)
        except BaseException as error:  # noqa: BLE001 - raised to every caller of the group
            # Nothing of the group was stored: the commit failed, or the error of one work ended the transaction.
            for submitted in group:
                submitted.error = submitted.error or error
        for submitted in group:
            submitted.is_done = True

    def _next(self) -> _Submitted | None:
        while self._waiting:
            submitted = self._waiting.popleft()
            if not submitted.is_cancelled:
                return submitted
            submitted.is_done = True  # its caller may have been cancelled while `_complete` began
        return None

    def _run_works(self, tx: Connection, group: list[_Submitted]) -> None:
        """Run the first work and those that wait, and add them to the group."""
        end = monotonic() + MAX_GROUP_S
        while True:
            _run_work(tx, group[-1])
            following = self._next() if monotonic() < end else None
            if following is None:
                return
            group.append(following)


def _run_work(tx: Connection, submitted: _Submitted) -> None:
    """Run one work in a savepoint; raises its error only when that has ended the whole transaction."""
    tx.exec_driver_sql("SAVEPOINT work")
    try:
        submitted.result = submitted.work(tx)
    except BaseException as error:  # noqa: BLE001 - raised to the caller of this work
        submitted.error = error
        try:
            tx.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
        except DBAPIError:
            raise error from None
    tx.exec_driver_sql("RELEASE SAVEPOINT work")


def _as_store_error(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and is_disk_error(error.orig):
        refused = CannotWrite(f"the ledger could not write: {error.orig}")
        refused.__cause__ = error
        return refused
    return error
