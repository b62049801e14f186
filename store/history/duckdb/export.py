"""Copies a period of a history into a new DuckDB file while the history goes on being written.

Another process can open the copy; DuckDB lets one process at a time open the history itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from domain import Instant
from store.history.duckdb.tables import COLUMNS, create, raw_table, stored_days

_TARGET = "piece"


def export_readings(
    connection: Any,
    path: Path,
    start: Instant,
    end: Instant,
    devices: Sequence[int] | None,
    on_progress: Callable[[float], None],
) -> None:
    """Writes the file, a day at a time. `on_progress` receives the finished share (0 to 1) and may raise to cancel."""
    (source,) = connection.execute("SELECT current_database()").fetchone()
    condition = f"received >= {start:d} AND received < {end:d}"
    if devices is not None:
        condition += f" AND device IN ({', '.join(str(int(device)) for device in devices) or 'NULL'})"
    days = [day for day in stored_days(connection) if _has_received(connection, day, start, end)]
    connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {_TARGET}; USE {_TARGET}")
    try:
        create(connection)
        connection.execute(f"INSERT INTO names SELECT * FROM {source}.names")  # noqa: S608
        connection.execute(f"INSERT INTO hot SELECT {COLUMNS} FROM {source}.hot WHERE {condition}")  # noqa: S608
        for index, day in enumerate(days):
            on_progress(index / len(days))
            table = raw_table(day)
            query = f"SELECT {COLUMNS} FROM {source}.{table} WHERE {condition}"  # noqa: S608
            connection.execute(f"CREATE TABLE {table} AS {query}")
            connection.execute("INSERT INTO days VALUES (?, 1)", [day])
    finally:
        connection.execute(f"USE {source}; DETACH {_TARGET}")


def _has_received(connection: Any, day: Instant, start: Instant, end: Instant) -> bool:
    """Whether a day's table holds readings received in the period: they may have been received long after that day."""
    # DuckDB answers min and max of a column from its statistics, without reading the rows.
    query = f"SELECT min(received), max(received) FROM {raw_table(day)}"  # noqa: S608
    first, last = connection.execute(query).fetchone()
    return first is not None and bool(first < end and last >= start)
