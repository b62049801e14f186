"""Group commit: works that wait at the same time are committed, and synced to the disk, in one transaction.

A sync takes some milliseconds, however little was written; in a storm hundreds of small works wait.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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


class _Submitted(Struct, frozen=True):
    """A work, and the future of its caller; `loop` is that of an asyncio future."""

    work: Work[Any]
    future: asyncio.Future[Any] | Future[Any]
    loop: asyncio.AbstractEventLoop | None = None


class _Outcome(Struct, frozen=True):
    """What a work returned, or what it raised."""

    submitted: _Submitted
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
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit(_Submitted(work, future, loop))
        return await future

    def write_blocking(self, work: Work[T]) -> T:
        """`write` for commands and tests that run no event loop."""
        future: Future[T] = Future()
        self._submit(_Submitted(work, future))
        return future.result()

    def close(self) -> None:
        """Finish what was submitted."""
        self._executor.shutdown()

    def _submit(self, submitted: _Submitted) -> None:
        self._waiting.append(submitted)
        self._executor.submit(self._run_group)  # as many calls as works: none is left behind by a group that ends early

    def _run_group(self) -> None:
        first = self._next()
        if first is None:
            return
        outcomes = list[_Outcome]()
        try:
            with self._engine.begin() as tx:
                self._run_works(tx, first, outcomes)
        except BaseException as error:  # noqa: BLE001 - raised to every caller of the group
            # Nothing of the group was stored: the commit failed, or the error of one work ended the transaction.
            failed = outcomes or [_Outcome(first)]
            outcomes = [_Outcome(outcome.submitted, error=outcome.error or error) for outcome in failed]
        _resolve(outcomes)

    def _next(self) -> _Submitted | None:
        while self._waiting:
            submitted = self._waiting.popleft()
            if not submitted.future.cancelled():
                return submitted
        return None

    def _run_works(self, tx: Connection, first: _Submitted, outcomes: list[_Outcome]) -> None:
        end = monotonic() + MAX_GROUP_S
        submitted: _Submitted | None = first
        while submitted is not None:
            tx.exec_driver_sql("SAVEPOINT work")
            try:
                outcomes.append(_Outcome(submitted, submitted.work(tx)))
            except BaseException as error:  # noqa: BLE001 - raised to the caller of this work
                outcomes.append(_Outcome(submitted, error=error))
                _undo(tx, error)
            tx.exec_driver_sql("RELEASE SAVEPOINT work")
            submitted = self._next() if monotonic() < end else None


def _undo(tx: Connection, error: BaseException) -> None:
    """Undo the failed work only; raises its error when that has ended the whole transaction."""
    try:
        tx.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
    except DBAPIError:
        raise error from None


def _resolve(outcomes: Sequence[_Outcome]) -> None:
    """Pass the outcomes to their callers; one wake-up for all of an event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.submitted.loop is None:
            _set_outcome(outcome)
        else:
            by_loop[outcome.submitted.loop].append(outcome)
    for loop, own in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_set_outcomes, own)


def _set_outcomes(outcomes: Sequence[_Outcome]) -> None:
    for outcome in outcomes:
        _set_outcome(outcome)


def _set_outcome(outcome: _Outcome) -> None:
    future = outcome.submitted.future
    if future.cancelled():
        return
    if outcome.error is None:
        future.set_result(outcome.result)
    else:
        future.set_exception(_as_store_error(outcome.error))


def _as_store_error(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and is_disk_error(error.orig):
        refused = CannotWrite(f"the ledger could not write: {error.orig}")
        refused.__cause__ = error
        return refused
    return error
