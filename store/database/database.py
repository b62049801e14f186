"""The ledger's door: one thread that writes, one that reads, and work handed to them as functions of a connection.

It knows transactions and nothing of what is written in them. Work must not await and must not keep the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from store.errors import CannotWrite, is_disk_error

T = TypeVar("T")

_READ_ONLY = "fengshao_read_only"
_BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",
)


def sqlite_url(path: Path) -> str:
    """The URL of a ledger kept in one SQLite file."""
    return f"sqlite:///{path}"


class Database:
    """Runs work in transactions, in order. Any thread and any task may hand in work."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            _configure_sqlite(self._engine)
        self._writer = ThreadPoolExecutor(1, "ledger-write")
        self._reader = ThreadPoolExecutor(1, "ledger-read")

    def migrate(self) -> None:
        """Bring the tables to the newest migration. Doing it twice changes nothing."""
        self.write_blocking(_upgrade)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One write transaction: what `work` returns once it is committed and synced, or its error and no change.

        A caller that is cancelled while waiting does not stop the work: it still commits, or fails, whole.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._transact, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """One consistent look that never waits behind a write. Sees everything whose `run` has returned."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    def write_blocking(self, work: Callable[[Connection], T]) -> T:
        """`run` for commands and tests, which have no event loop to block."""
        return self._writer.submit(self._transact, work).result()

    def close(self) -> None:
        """Finish the work that was handed in and let go of the database."""
        self._writer.shutdown()
        self._reader.shutdown()
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as tx:
                return work(tx)
        except DBAPIError as error:
            if is_disk_error(error.orig):
                raise CannotWrite(f"the ledger could not write: {error.orig}") from error
            raise

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(**{_READ_ONLY: True}) as tx:
            return work(tx)


def alembic_config() -> Config:
    """Where the migrations are; the caller adds a connection or a dialect to its attributes."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(tx: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _configure_sqlite(engine: Engine) -> None:
    """The driver's own implicit BEGIN leaves DDL outside; we begin ourselves, and a writer takes its lock at once."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begun(tx: Connection) -> None:
        reading = tx.get_execution_options().get(_READ_ONLY, False)
        tx.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
