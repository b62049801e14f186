"""Group commit: works that wait at the same time are committed, and synced to the disk, in one transaction.

A sync takes some milliseconds, however little was written; in a storm hundreds of small works wait.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from store.errors import CannotWrite, is_disk_error

T = TypeVar("T")
Work = Callable[[Connection], T]

MAX_GROUP_S: Final = 0.02
"""No further work begins in a transaction after this time, so that the first one does not wait long for its commit."""

FIRST_RETRY_S: Final = 0.1
LAST_RETRY_S: Final = 2.0
"""Pauses between the questions whether a transaction was committed: doubled from the first to the last."""

log = logging.getLogger("fengshao.database")


class CommitMarks(Protocol):
    """What tells whether a transaction was committed, see store/database/postgresql.py."""

    def begin(self, tx: Connection, /) -> None: ...

    def mark(self, tx: Connection, /) -> None: ...

    def was_committed(self) -> bool: ...

    def remove(self) -> None: ...


class _Submitted(Struct):
    """A work, and once it is committed what it returned, or what it raised."""

    work: Work[Any]
    is_cancelled: bool = False
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """Runs works in order of their submission, in one thread. Each is applied as a whole or not at all."""

    def __init__(self, engine: Engine, marks: CommitMarks | None = None) -> None:
        """`marks` for a server: the answer to a commit may be lost."""
        self._engine, self._marks, self._closing = engine, marks, threading.Event()
        self._waiting: deque[_Submitted] = deque()
        self._executor = ThreadPoolExecutor(1, "database-write")
        self.is_answering = True
        """Whether the last work was stored or refused by itself: False while the disk or the server takes nothing."""

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
        """Finish what was submitted; a commit whose outcome is not known yet fails."""
        self._closing.set()
        if self._marks is not None:
            self._executor.submit(self._marks.remove)
        self._executor.shutdown()

    def _submit(self, work: Work[Any]) -> _Submitted:
        submitted = _Submitted(work)
        self._waiting.append(submitted)
        return submitted

    def _complete(self, submitted: _Submitted) -> Any:
        """In the thread that writes: commit groups until this work is done, unless an earlier group has done it."""
        while not submitted.is_done:
            self._run_group()
        error = submitted.error and _as_store_error(submitted.error)
        self.is_answering = not isinstance(error, CannotWrite)
        if error is not None:
            raise error
        return submitted.result

    def _run_group(self) -> None:
        first = self._next()
        if first is None:
            return
        group = [first]
        try:
            self._transact(group)
        except BaseException as error:  # noqa: BLE001 - raised to every caller of the group
            # Nothing of the group was stored: the commit failed, or the error of one work ended the transaction.
            for submitted in group:
                submitted.error = submitted.error or error
        for submitted in group:
            submitted.is_done = True

    def _transact(self, group: list[_Submitted]) -> None:
        """Run the works and commit. Where the connection is lost in the commit, its outcome is asked for."""
        is_complete = False
        try:
            with self._engine.begin() as tx:
                self._run_works(tx, group)
                if self._marks is not None:
                    self._marks.mark(tx)
                is_complete = True
        except DBAPIError as error:
            if self._marks is None or not is_complete or not is_disk_error(error.orig):
                raise
            if not self._was_committed(self._marks):
                raise

    def _was_committed(self, marks: CommitMarks) -> bool:
        """Whether the last transaction is stored; asks the server until it answers, or until the database is closed."""
        delay_s = FIRST_RETRY_S
        while True:
            try:
                return marks.was_committed()
            except DBAPIError as error:
                self.is_answering = False
                log.error("it is not known yet whether a transaction was committed: %s", error.orig)
            if self._closing.wait(delay_s):
                return False
            delay_s = min(2 * delay_s, LAST_RETRY_S)

    def _next(self) -> _Submitted | None:
        while self._waiting:
            submitted = self._waiting.popleft()
            if not submitted.is_cancelled:
                return submitted
            submitted.is_done = True  # its caller may have been cancelled while `_complete` began
        return None

    def _run_works(self, tx: Connection, group: list[_Submitted]) -> None:
        """Run the first work and those that wait, and add them to the group."""
        if self._marks is not None:
            self._marks.begin(tx)
        end = monotonic() + MAX_GROUP_S
        while True:
            _run_work(tx, group[-1], is_alone=len(group) == 1)
            following = self._next() if monotonic() < end else None
            if following is None:
                return
            group.append(following)


def _run_work(tx: Connection, submitted: _Submitted, is_alone: bool) -> None:
    """Run one work, behind others in a savepoint. Raises its error when that ends the whole transaction: when it is the
    first, or the connection was lost."""
    if is_alone:
        submitted.result = submitted.work(tx)
        return
    tx.exec_driver_sql("SAVEPOINT work")
    try:
        submitted.result = submitted.work(tx)
    except BaseException as error:  # noqa: BLE001 - raised to the caller of this work
        submitted.error = error
        try:
            tx.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
        except (DBAPIError, PendingRollbackError):  # the latter where the connection was lost
            raise error from None
    tx.exec_driver_sql("RELEASE SAVEPOINT work")


def _as_store_error(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and is_disk_error(error.orig):
        refused = CannotWrite(f"the ledger could not write: {error.orig}")
        refused.__cause__ = error
        return refused
    return error
