"""Copies a DuckDB history as it is at one instant into a new file, while another connection goes on writing it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb
from msgspec import Struct

from domain import Lane
from store.errors import StoreError
from store.history.duckdb.tables import create, raw_table, stored_days

_TARGET: Final = "piece"
_WITHOUT_READINGS: Final = ("names", "cursors")


class HistoryFacts(Struct, frozen=True):
    """Journal positions of a history file, and its number of raw readings."""

    positions: dict[Lane, int]
    readings: int


def write_snapshot(connection: Any, path: Path, on_begin: Callable[[], None], *, with_readings: bool) -> None:
    """Write the file. `connection` is one of its own: its transaction is the snapshot. `on_begin`: it has begun."""
    (source,) = connection.execute("SELECT current_database()").fetchone()
    connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {_TARGET}")
    try:
        if not with_readings:
            connection.execute(f"USE {_TARGET}")
            create(connection)
            connection.execute(f"USE {source}")
        connection.begin()
        connection.execute("SELECT count(*) FROM cursors").fetchone()
        on_begin()
        if with_readings:
            connection.execute(f"COPY FROM DATABASE {source} TO {_TARGET}")
        else:
            for table in _WITHOUT_READINGS:
                connection.execute(f"INSERT INTO {_TARGET}.{table} SELECT * FROM {source}.{table}")  # noqa: S608
        connection.commit()
    finally:
        connection.execute(f"USE {source}; DETACH {_TARGET}")


def history_facts(path: Path) -> HistoryFacts:
    """Reads a history file that no process has open. Raises StoreError for a file that is none."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            positions = connection.execute("SELECT lane, pos FROM cursors").fetchall()
            tables = ["hot", *map(raw_table, stored_days(connection))]
            counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables]  # noqa: S608
    except duckdb.Error as error:
        raise StoreError(f"{path} is no history of this service: {error}") from error
    return HistoryFacts({Lane(lane): pos for lane, pos in positions}, sum(row[0] for row in counts if row))
