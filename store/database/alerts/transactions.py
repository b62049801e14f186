"""`Transact` of alerts/ports.py: one transaction of the database for each work, with a record of what it changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from alerts.exchange.messages import Changes
from alerts.ports import AlertStore
from store.database.alerts.repository import SqlAlertStore

T = TypeVar("T")


class _Writer(Protocol):
    """The part of a database that `Transactions` uses."""

    def write(self, work: Callable[[Connection], T], /, *, urgent: bool) -> Awaitable[T]: ...


RecordChanges = Callable[[Connection, Changes], None]
"""Called at the end of a transaction that changed alerts or findings, and committed with it."""


class Transactions:
    """`Transact` of alerts/ports.py on a database. `record` sees what each transaction changed, before it commits."""

    def __init__(self, database: _Writer, record: RecordChanges | None = None) -> None:
        self._database, self._record = database, record

    def __call__(self, work: Callable[[AlertStore], T], *, urgent: bool = False) -> Awaitable[T]:
        return self._database.write(lambda tx: self.run(tx, work), urgent=urgent)

    def run(self, tx: Connection, work: Callable[[AlertStore], T]) -> T:
        """Run `work` within an open transaction, and record what it changed."""
        store = SqlAlertStore(tx, records_changes=self._record is not None, caches=True)
        result = work(store)
        store.flush()
        if self._record is not None and store.change_log:
            self._record(tx, store.change_log.changes)
        return result
