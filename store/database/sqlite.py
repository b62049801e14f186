"""Opens a database in one SQLite file: the ledger of one machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

READ_ONLY: Final = "fengshao_read_only"
"""Execution option of a connection that only reads: its transactions take no lock for writing."""
_BUSY_TIMEOUT_MS = 10_000
_WAL_PAGES = 16_384
"""Of 4 KiB. With SQLite's 1,000 the commit of every stored state of the rules, and an alert behind it, waited for some
MiB to be copied into the file. A service has `checkpoint_wal` do that; this is the bound of a process that does not."""
_WAL_BYTES_KEPT = 67_108_864
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",
    f"PRAGMA wal_autocheckpoint={_WAL_PAGES}",
    f"PRAGMA journal_size_limit={_WAL_BYTES_KEPT}",
)


def sqlite_engine(url: URL, synced: bool) -> Engine:
    """`synced` False: the file is not synced with each commit. A power failure may then destroy it."""
    engine = create_engine(url)
    _configure(engine, _PRAGMAS if synced else (*_PRAGMAS, "PRAGMA synchronous=OFF"))
    return engine


def checkpoint_wal(tx: Connection) -> None:
    """Copy what is in the write-ahead log into the file, without waiting for readers or a writer, nor holding them up
    (https://sqlite.org/pragma.html#pragma_wal_checkpoint, PASSIVE)."""
    connection: Any = tx.connection.driver_connection
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _configure(engine: Engine, pragmas: Sequence[str]) -> None:
    """Begin transactions explicitly: the driver's implicit BEGIN excludes DDL. A writer takes its lock at once."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _on_begin(tx: Connection) -> None:
        read_only = tx.get_execution_options().get(READ_ONLY, False)
        tx.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
