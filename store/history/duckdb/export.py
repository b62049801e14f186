"""Takes the readings of a time out of a history into a file of its own, which another process may read, while the
history goes on being written. It changes nothing in the history it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from domain import Instant
from store.history.duckdb.tables import COLUMNS, create, raw_table, stored_days

_ATTACHED = "piece"


def export_readings(
    look: Any,
    path: Path,
    start: Instant,
    end: Instant,
    devices: Sequence[int] | None,
    told: Callable[[float], None],
) -> None:
    """Writes the file, a day at a time; `told` hears how much is done, and may raise to end it."""
    (here,) = look.execute("SELECT current_database()").fetchone()
    chosen = f"received >= {start:d} AND received < {end:d}"
    if devices is not None:
        chosen += f" AND device IN ({', '.join(str(int(one)) for one in devices) or 'NULL'})"
    wanted = [day for day in stored_days(look) if _holds(look, day, start, end)]
    look.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {_ATTACHED}; USE {_ATTACHED}")
    try:
        create(look)
        look.execute(f"INSERT INTO names SELECT * FROM {here}.names")  # noqa: S608
        look.execute(f"INSERT INTO hot SELECT {COLUMNS} FROM {here}.hot WHERE {chosen}")  # noqa: S608
        for index, day in enumerate(wanted):
            told(index / len(wanted))
            table = raw_table(day)
            look.execute(f"CREATE TABLE {table} AS SELECT {COLUMNS} FROM {here}.{table} WHERE {chosen}")  # noqa: S608
            look.execute("INSERT INTO days VALUES (?, 1)", [day])
    finally:
        look.execute(f"USE {here}; DETACH {_ATTACHED}")


def _holds(look: Any, day: Instant, start: Instant, end: Instant) -> bool:
    """A day may hold what was received long after it. DuckDB knows the ends of a column without reading it."""
    first, last = look.execute(f"SELECT min(received), max(received) FROM {raw_table(day)}").fetchone()  # noqa: S608
    return first is not None and bool(first < end and last >= start)
