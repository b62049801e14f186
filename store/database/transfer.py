"""Copies a whole ledger into another, empty one in one transaction, and verifies row counts and checksums by table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Integer, Table, func, insert, select, text

from store.database.database import Database
from store.database.postgresql import allow_idle
from store.database.system.tables import commit_marks, machines
from store.database.tables import metadata
from store.errors import StoreError

BATCH_ROWS: Final = 500
IDLE_MS: Final = 600_000
"""Each ledger waits while a table of the other is read through: for millions of rows some minutes. Of a machine that is
lost meanwhile the server keeps the lock of the writers for so long."""
NOT_COPIED: Final = frozenset({commit_marks.name, machines.name})
"""Tables about the server itself."""


class TransferRefused(StoreError):
    """The ledgers cannot be copied, or the copy is not what was copied: nothing of it is stored."""


class TableCopy(Struct, frozen=True):
    """One table: how many rows it has, and the SHA-256 of all of them in the order of the primary key."""

    table: str
    rows: int
    checksum: str


Progress = Callable[[TableCopy], None]


def transfer(source: Database, target: Database, progress: Progress = lambda _copy: None) -> list[TableCopy]:
    """Copy all rows; returns what each table holds in both. Both ledgers have the newest schema.

    A target that holds exactly the source's rows is left as it is: an earlier copy was interrupted after its commit.
    Raises TransferRefused for a target with other rows, and for rows that come back changed.
    """
    return source.write_blocking(lambda tx: target.write_blocking(lambda into: _transfer(tx, into, progress)))


def _transfer(source: Connection, target: Connection, progress: Progress) -> list[TableCopy]:
    for tx in (source, target):
        allow_idle(tx, IDLE_MS)
    copies = []
    is_new = not any(_holds_rows(target, table) for table in tables())
    for table in tables():
        copied = _copy(source, target, table) if is_new else _content(source, table, target.dialect.name)
        found = _content(target, table, target.dialect.name)
        if copied != found:
            raise TransferRefused(_difference(copied, found, is_new))
        copies.append(found)
        progress(found)
    return copies


def tables() -> list[Table]:
    """The tables that are copied, each after those that it refers to."""
    return [table for table in metadata.sorted_tables if table.name not in NOT_COPIED]


def _difference(copied: TableCopy, found: TableCopy, is_new: bool) -> str:
    if is_new:
        return f"table {copied.table}: {copied.rows} rows were copied, and other ones came back: nothing was stored"
    return f"the target is not empty: its table {found.table} has {found.rows} rows, ours {copied.rows}: name another"


def _holds_rows(tx: Connection, table: Table) -> bool:
    return tx.execute(select(table).limit(1)).first() is not None


def _copy(source: Connection, target: Connection, table: Table) -> TableCopy:
    rows, digest = 0, hashlib.sha256()
    for batch in _batches(source, table):
        values = [_stored_row(row, target.dialect.name) for row in batch]
        target.execute(insert(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in values])
        rows += len(batch)
        for row in values:
            digest.update(msgspec.json.encode(row))
    _continue_keys(source, target, table)
    return TableCopy(table.name, rows, digest.hexdigest())


def _content(tx: Connection, table: Table, stored_by: str) -> TableCopy:
    rows, digest = 0, hashlib.sha256()
    for batch in _batches(tx, table):
        rows += len(batch)
        for row in batch:
            digest.update(msgspec.json.encode(_stored_row(row, stored_by)))
    return TableCopy(table.name, rows, digest.hexdigest())


def _batches(tx: Connection, table: Table) -> Iterator[Sequence[Any]]:
    ordered = select(table).order_by(*table.primary_key.columns)
    with closing(tx.execute(ordered, execution_options={"yield_per": BATCH_ROWS})) as found:
        while batch := list(islice(found, BATCH_ROWS)):
            yield batch


def _stored_row(row: Sequence[Any], dialect: str) -> list[Any]:
    """The values as this server stores them: see store/database/postgresql.py about NUL."""
    if dialect != "postgresql":
        return list(row)
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row]


def _continue_keys(source: Connection, target: Connection, table: Table) -> None:
    """The next key is the one that the source would have given: keys of deleted rows are not given again."""
    key = table.autoincrement_column
    if key is None or not isinstance(key.type.dialect_impl(source.dialect), Integer):
        return
    last = max(_last_key(source, table), int(target.execute(select(func.coalesce(func.max(key), 0))).scalar_one()))
    if not last:
        return
    if target.dialect.name == "postgresql":
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        target.execute(sequence, {"table": table.name, "column": key.name, "last": last})
    elif table.dialect_options["sqlite"]["autoincrement"]:
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
        target.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), {"table": table.name, "last": last}
        )


def _last_key(source: Connection, table: Table) -> int:
    """The last key given, also where its row was deleted; 0 where the server keeps none."""
    key = table.autoincrement_column
    assert key is not None
    if source.dialect.name == "postgresql":
        query = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass), 0)"
        return int(source.execute(text(query), {"table": table.name, "column": key.name}).scalar_one())
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    query = "SELECT seq FROM sqlite_sequence WHERE name = :table"
    return int(source.execute(text(query), {"table": table.name}).scalar() or 0)
