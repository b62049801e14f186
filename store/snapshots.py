"""Copies of SQLite files as they are at one instant, while another process or thread goes on writing them.

A snapshot is a read transaction: what is committed after its begin is not in the copy, however long copying takes.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from msgspec import Struct

from domain import Lane
from store.errors import StoreError

_PAGES: Final = 2_000
"""Pages (of 4 KiB) that one step copies; between two steps the copy can be cancelled."""


class LedgerFacts(Struct, frozen=True):
    """`schema`: the newest migration of a database file. `checkpoint`: journal positions of the saved engine state."""

    schema: str
    checkpoint: dict[Lane, int]


class SqliteSnapshot:
    """The state of a SQLite file at the instant of construction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(_read_only(path), uri=True, isolation_level=None)
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def copy(self, target: Path) -> None:
        """Write the state to a new file, mode 0600, without a write-ahead log, synced. Raises StoreError."""
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            copy = sqlite3.connect(target, isolation_level=None)
            try:
                self._connection.backup(copy, pages=_PAGES)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be copied: {error}") from error


def integrity_faults(path: Path) -> list[str]:
    """What `PRAGMA integrity_check` and `foreign_key_check` find in a SQLite file; empty when it is sound."""
    try:
        with _opened(path) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            broken = {str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")}
    except sqlite3.Error as error:
        return [str(error)]
    return [line for line in found if line != "ok"] + [f"{table}: a row refers to none" for table in sorted(broken)]


def ledger_facts(path: Path) -> LedgerFacts:
    """Schema and checkpoint of a database file. Raises StoreError for a file that is none."""
    try:
        with _opened(path) as connection:
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            rows = connection.execute("SELECT cursor FROM checkpoints").fetchall()
    except (sqlite3.Error, TypeError) as error:
        raise StoreError(f"{path} is no database of this service: {error}") from error
    positions: dict[Lane, int] = {}
    for (cursor,) in rows:
        positions |= {Lane(lane): pos for lane, pos in json.loads(cursor).items()}
    return LedgerFacts(schema, positions)


def row_counts(path: Path) -> dict[str, int]:
    """Table -> number of rows of a SQLite file."""
    with _opened(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: _count(connection, name) for name in sorted(tables)}


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(_read_only(path), uri=True, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path))}?mode=ro"
