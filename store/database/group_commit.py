"""Group commit: works that wait at the same time are committed, and synced to the disk, in one transaction.

A sync takes some milliseconds, however little was written; in a storm hundreds of small works wait. What a person in
danger waits for is urgent: it comes before the others, and waits for no other work before it is committed.
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

from msgspec import Struct, field
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from store.errors import CannotWrite, is_disk_error

T = TypeVar("T")
Work = Callable[[Connection], T]

MAX_GROUP_S: Final = 0.02
"""No further work begins in a transaction after this time, so that the first one does not wait long for its commit."""

MAX_BEHIND_URGENT_S: Final = 0.1
"""Works that have waited so long go between two urgent ones: in a storm of dangers these follow each other for seconds,
and acknowledgements, outcomes of sends and deadlines must be stored as well."""

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
    is_urgent: bool = False
    at_s: float = field(default_factory=monotonic)
    is_cancelled: bool = False
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None


class GroupCommit:
    """Runs works in one thread, urgent ones first, otherwise in order of their submission. Each is applied as a whole
    or not at all."""

    def __init__(self, engine: Engine, marks: CommitMarks | None = None) -> None:
        """`marks` for a server: the answer to a commit may be lost."""
        self._engine, self._marks, self._closing = engine, marks, threading.Event()
        self._urgent, self._waiting = deque[_Submitted](), deque[_Submitted]()
        self._was_urgent = False
        self._executor = ThreadPoolExecutor(1, "database-write")
        self.is_answering = True
        """Whether the last works were stored or refused by themselves: False while disk or server takes nothing."""

    async def write(self, work: Work[T], *, urgent: bool = False) -> T:
        """Run `work`; returns once it is committed and synced. An `urgent` one is the last of its transaction.

        Raises what `work` raises, and CannotWrite for a full or failing disk; nothing is changed then. Of a caller that
        was cancelled a work that has not begun is left out; one that has begun commits or fails as a whole.
        """
        submitted = self._submit(work, urgent)
        try:
            while not submitted.is_done:
                await asyncio.get_running_loop().run_in_executor(self._executor, self._advance, submitted)
        except asyncio.CancelledError:
            submitted.is_cancelled = True
            raise
        result: T = self._result(submitted)
        return result

    def write_blocking(self, work: Work[T]) -> T:
        """`write` for commands and tests that run no event loop."""
        submitted = self._submit(work)
        while not submitted.is_done:
            self._executor.submit(self._advance, submitted).result()
        result: T = self._result(submitted)
        return result

    def close(self) -> None:
        """Finish what was submitted; a commit whose outcome is not known yet fails."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._executor.submit(self._run_all)
        if self._marks is not None:
            self._executor.submit(self._marks.remove)
        self._executor.shutdown()

    def _submit(self, work: Work[Any], is_urgent: bool = False) -> _Submitted:
        submitted = _Submitted(work, is_urgent)
        (self._urgent if is_urgent else self._waiting).append(submitted)
        return submitted

    def _advance(self, submitted: _Submitted) -> None:
        """In the thread that writes: commit one group, unless an earlier one had this work. One only: the caller of an
        urgent work that came first is told at once."""
        if not submitted.is_done:
            self._run_group()

    def _run_all(self) -> None:
        while self._urgent or self._waiting:
            self._run_group()

    def _result(self, submitted: _Submitted) -> Any:
        if submitted.error is not None:
            raise submitted.error
        return submitted.result

    def _run_group(self) -> None:
        others_first = self._was_urgent and self._is_overdue()
        first = self._next(others_first)
        if first is None:
            return
        group = [first]
        try:
            self._transact(group, others_first)
        except BaseException as error:  # noqa: BLE001 - raised to every caller of the group
            # Nothing of the group was stored: the commit failed, or the error of one work ended the transaction.
            for submitted in group:
                submitted.error = submitted.error or error
        for submitted in group:
            submitted.error = submitted.error and _as_store_error(submitted.error)
        self.is_answering = not any(isinstance(submitted.error, CannotWrite) for submitted in group)
        self._was_urgent = group[-1].is_urgent
        for submitted in group:
            submitted.is_done = True

    def _is_overdue(self) -> bool:
        return bool(self._waiting) and monotonic() - self._waiting[0].at_s > MAX_BEHIND_URGENT_S

    def _transact(self, group: list[_Submitted], others_first: bool) -> None:
        """Run the works and commit. Where the connection is lost in the commit, its outcome is asked for."""
        is_complete = False
        try:
            with self._engine.begin() as tx:
                self._run_works(tx, group, others_first)
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

    def _next(self, others_first: bool) -> _Submitted | None:
        while waiting := (self._waiting or self._urgent) if others_first else (self._urgent or self._waiting):
            submitted = waiting.popleft()
            if not submitted.is_cancelled:
                return submitted
            submitted.is_done = True  # its caller may have been cancelled while `_advance` began
        return None

    def _run_works(self, tx: Connection, group: list[_Submitted], others_first: bool) -> None:
        """Run the first work and those that wait, up to the first urgent one, and add them to the group."""
        if self._marks is not None:
            self._marks.begin(tx)
        end = monotonic() + MAX_GROUP_S
        while True:
            _run_work(tx, group[-1], is_alone=len(group) == 1)
            following = self._next(others_first) if monotonic() < end and not group[-1].is_urgent else None
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
