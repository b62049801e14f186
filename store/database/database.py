"""Runs transactions on the database: one thread for writes, one for reads.

Work is a function of a connection. It must not await and must not keep the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event

from store.database.group_commit import GroupCommit

if TYPE_CHECKING:
    from alembic.config import Config

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
    """The URL of a database in one SQLite file."""
    return f"sqlite:///{path}"


class Database:
    """Runs functions in transactions, in the order of the calls. Safe to call from any thread and any task."""

    def __init__(self, url: str, synced: bool = True) -> None:
        """`synced` False: a SQLite file is not synced with each commit. A power failure may then destroy it; only for
        simulations."""
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            _configure_sqlite(self._engine, _PRAGMAS if synced else (*_PRAGMAS, "PRAGMA synchronous=OFF"))
        self._writer = GroupCommit(self._engine)
        self._reader = ThreadPoolExecutor(1, "database-read")

    def migrate(self) -> None:
        """Upgrade the schema to the newest migration. Idempotent."""
        self.write_blocking(_upgrade)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one write transaction; returns its result once it is committed and synced.

        Raises what `work` raises, and CannotWrite for a full or failing disk; nothing is changed then. Cancelling the
        caller does not stop work that has begun: it commits or fails as a whole. It may share its commit with others.
        """
        return await self._writer.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one read transaction that never waits for a write. It sees every write that has returned."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    def write_blocking(self, work: Callable[[Connection], T]) -> T:
        """`write` for commands and tests that run no event loop."""
        return self._writer.write_blocking(work)

    def close(self) -> None:
        """Finish the submitted work and close the connections."""
        self._writer.close()
        self._reader.shutdown()
        self._engine.dispose()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(**{_READ_ONLY: True}) as tx:
            return work(tx)


def alembic_config() -> Config:
    """The migrations' location; the caller adds a connection or a dialect to its attributes."""
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(tx: Connection) -> None:
    """Alembic is imported here: it takes a quarter of the start of commands and workers that migrate nothing."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _configure_sqlite(engine: Engine, pragmas: Sequence[str]) -> None:
    """Begin transactions explicitly: the driver's implicit BEGIN excludes DDL. A writer takes its lock at once."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _on_begin(tx: Connection) -> None:
        read_only = tx.get_execution_options().get(_READ_ONLY, False)
        tx.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
