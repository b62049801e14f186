"""Runs transactions on the database, a SQLite file or a PostgreSQL server: one thread for writes, one for reads.

Work is a function of a connection. It must not await and must not keep the connection.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError

from store.database.group_commit import GroupCommit
from store.database.sqlite import READ_ONLY, checkpoint_wal, sqlite_engine
from store.errors import LedgerUnread, NewerSchema, is_disk_error

if TYPE_CHECKING:
    from alembic.config import Config

    from store.database.postgresql import CommitMarks

T = TypeVar("T")
log = logging.getLogger("fengshao.database")
_MIGRATIONS: Final = Path(__file__).parent / "migrations"

READ_ATTEMPTS: Final = 2
"""The connections to a server that restarted are found dead by the first query."""


def sqlite_url(path: Path) -> str:
    """The URL of a database in one SQLite file."""
    return f"sqlite:///{path}"


class Database:
    """Runs functions in transactions, urgent ones first, otherwise in the order of the calls. Safe to call from any
    thread and any task."""

    def __init__(self, url: str | URL, synced: bool = True) -> None:
        """`synced` False: a SQLite file is not synced with each commit. A power failure may then destroy it; only for
        simulations."""
        address = make_url(url)
        self.is_server: Final = address.get_backend_name() == "postgresql"
        """Whether the database is on a server, which may be out of reach while the disk of this machine is well."""
        if self.is_server:
            # Imported here: a ledger in a file needs no driver of a server.
            from store.database import postgresql

            self._engine, self._read_engine = postgresql.postgresql_engines(address)
            self._marks: CommitMarks | None = postgresql.CommitMarks(self._engine)
            self._writer = GroupCommit(self._engine, self._marks)
        else:
            self._engine = self._read_engine = sqlite_engine(address, synced)
            self._writer, self._marks = GroupCommit(self._engine), None
        self._reader = ThreadPoolExecutor(1, "database-read")
        self._wal = ThreadPoolExecutor(1, "database-wal")
        self._is_readable = True

    @property
    def is_answering(self) -> bool:
        """Whether the last write was taken and the last read answered. The disk, or the server, may refuse both."""
        return self._writer.is_answering and self._is_readable

    def fence(self, token: int) -> None:
        """From now on each write checks in its transaction that this is the token of the active machine; else it raises
        Superseded. Only on a server."""
        assert self._marks is not None
        self._marks.fence = token

    def is_migrated(self) -> bool:
        """Whether `migrate` has nothing to do. Raises NewerSchema, and CannotWrite where a server does not answer."""
        return self.write_blocking(_present_schema) == known_schemas()[-1]

    def migrate(self) -> None:
        """Upgrade the schema to the newest migration. Idempotent.

        Raises NewerSchema, UnsuitableServer, and CannotWrite.
        """
        self.write_blocking(_upgrade)

    async def write(self, work: Callable[[Connection], T], *, urgent: bool = False) -> T:
        """Run `work` as one write transaction; returns its result once it is committed and synced.

        Raises what `work` raises, and CannotWrite for a full or failing disk, or a server out of reach; nothing is
        changed then. Cancelling the
        caller does not stop work that has begun: it commits or fails as a whole. It may share its commit with others;
        an `urgent` one comes before those that are not, and none follows it in its commit.
        """
        return await self._writer.write(work, urgent=urgent)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one read transaction that never waits for a write. It sees every write that has returned.

        Raises what `work` raises, and LedgerUnread for a failing disk or a server out of reach.
        """
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    def begin_wal_checkpoint(self) -> Future[None] | None:
        """Have what was committed moved from the write-ahead log to the database file, in a thread of its own: neither
        reads nor writes wait for it, nor it for them. None for a server, which does that by itself."""
        return None if self.is_server else self._wal.submit(self._checkpoint_wal)

    def write_blocking(self, work: Callable[[Connection], T]) -> T:
        """`write` for commands and tests that run no event loop."""
        return self._writer.write_blocking(work)

    def read_blocking(self, work: Callable[[Connection], T]) -> T:
        """`read` for a thread that runs no event loop."""
        return self._reader.submit(self._read, work).result()

    def close(self) -> None:
        """Finish the submitted work and close the connections."""
        self._writer.close()
        self._reader.shutdown()
        self._wal.shutdown()
        self._engine.dispose()
        self._read_engine.dispose()

    def _checkpoint_wal(self) -> None:
        try:
            with self._read_engine.connect() as connection:
                checkpoint_wal(connection)
        except (sqlite3.Error, DBAPIError) as error:
            # A full disk: what was committed stays in the log, and is moved the next time.
            log.error("the write-ahead log was not moved to the file: %s", error)

    def _read(self, work: Callable[[Connection], T]) -> T:
        for attempt in range(READ_ATTEMPTS):
            try:
                with self._read_engine.connect().execution_options(**{READ_ONLY: True}) as tx:
                    result = work(tx)
                self._is_readable = True
                return result
            except DBAPIError as error:
                if not self.is_server or not is_disk_error(error.orig):
                    raise
                if attempt + 1 == READ_ATTEMPTS or not error.connection_invalidated:
                    self._is_readable = False
                    raise LedgerUnread(f"the ledger does not answer: {error.orig}") from error
        raise AssertionError("the last attempt returns or raises")


def known_schemas() -> list[str]:
    """The schemas that this version knows, the newest last. A migration's file begins with its revision."""
    return sorted(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def alembic_config() -> Config:
    """The migrations' location; the caller adds a connection or a dialect to its attributes."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(tx: Connection) -> None:
    """Alembic is imported where something is to be migrated: it takes 12 MiB, and a quarter of the start of commands
    and workers that migrate nothing."""
    is_server = tx.dialect.name == "postgresql"
    if is_server:
        from store.database import postgresql

        postgresql.check_server(tx)
    if _present_schema(tx) == known_schemas()[-1]:
        return
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = tx
    with postgresql.unlimited_answers(tx) if is_server else nullcontext():
        command.upgrade(config, "head")


def _present_schema(tx: Connection) -> str | None:
    """The schema of the database; None for one without tables. A downgrade is refused: this version does not know what
    a newer one wrote. Raises NewerSchema."""
    if not tx.dialect.has_table(tx, "alembic_version"):
        return None
    present: str | None = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    known = known_schemas()
    if present is not None and present not in known:
        raise NewerSchema(
            f"the database was written by a newer version of fengshao (schema {present}; this version knows schemas "
            f"up to {known[-1]}): start the newer version, or restore a backup from before the upgrade"
        )
    return present
