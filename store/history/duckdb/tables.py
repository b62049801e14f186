"""The tables of the DuckDB history and the statements that move readings between them. One function, one transaction.

New readings are inserted into `hot`. Readings of closed hours move to one table a day (`raw_20261121`, UTC), sorted by
device and time, where DuckDB skips the row groups of other devices; on the way they are rolled up to minutes and hours.
A reading is one row with its values as JSON text, so that a number keeps its digits and its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from domain import DAY, HOUR, MINUTE, Instant

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS names (n INTEGER PRIMARY KEY, name VARCHAR NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS cursors (lane VARCHAR PRIMARY KEY, pos BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS days (day BIGINT PRIMARY KEY, runs INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS hot (
    device INTEGER, kind INTEGER, at_ms BIGINT, received BIGINT, vals VARCHAR, doubts VARCHAR);
CREATE TABLE IF NOT EXISTS newest (
    device INTEGER, quantity VARCHAR, at_ms BIGINT, received BIGINT, value VARCHAR, quality VARCHAR);
CREATE TABLE IF NOT EXISTS minutes (
    device INTEGER, quantity VARCHAR, bucket BIGINT, n BIGINT, total DOUBLE, low DOUBLE, high DOUBLE,
    last_ms BIGINT, last VARCHAR);
CREATE TABLE IF NOT EXISTS hours (
    device INTEGER, quantity VARCHAR, bucket BIGINT, n BIGINT, total DOUBLE, low DOUBLE, high DOUBLE,
    last_ms BIGINT, last VARCHAR);
"""

RUNS_MAX: Final = 24
"""A day in more sorted runs than this is sorted again as a whole. Late readings add one run per move."""

COLUMNS: Final = "device, kind, at_ms, received, vals, doubts"

# One row per value of the readings in `closed`. `doubts` is mostly NULL, so it is parsed only when it is not.
_UNPIVOT: Final = """
CREATE OR REPLACE TEMP TABLE pieces AS
SELECT device, at_ms, received, piece.key AS quantity, piece.type AS type, piece.value AS value,
       CASE WHEN doubts IS NULL THEN NULL
            ELSE json_extract_string(doubts, '$."' || piece.key || '"') END AS quality
FROM closed, json_each(vals) AS piece
"""

# Each move inserts partial sums: late readings of an hour that was rolled up before do not touch its older rows.
# The last value is stored only for quantities that have no mean. Of true and false the lowest and highest are 0 or 1:
# an alarm of a minute is in the roll-up of its year.
_ROLL_UP: Final = """
INSERT INTO {table}
SELECT device, quantity, at_ms - at_ms % {unit}, count(number), sum(number),
       min(coalesce(number, flag)), max(coalesce(number, flag)),
       CASE WHEN count(number) = 0 THEN max(at_ms) END,
       CASE WHEN count(number) = 0 THEN arg_max(value, (at_ms, received)) END
FROM (SELECT *, CASE WHEN type IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN CAST(value AS DOUBLE) END AS number,
             CASE WHEN type = 'BOOLEAN' THEN CAST(CAST(value AS BOOLEAN) AS DOUBLE) END AS flag
      FROM pieces WHERE quality IS DISTINCT FROM 'implausible')
GROUP BY ALL
ORDER BY 1, 2, 3
"""

_NEWEST: Final = """
CREATE OR REPLACE TEMP TABLE newer AS
SELECT device, quantity, unnest(arg_max(
    {'at_ms': at_ms, 'received': received, 'value': value, 'quality': quality}, (at_ms, received)))
FROM (SELECT device, quantity, at_ms, received, CAST(value AS VARCHAR) AS value, quality FROM pieces
      UNION ALL
      SELECT device, quantity, at_ms, received, value, quality FROM newest
      WHERE device IN (SELECT device FROM closed))
GROUP BY device, quantity
"""


def create(connection: Any) -> None:
    """Creates the tables that do not exist yet."""
    connection.execute(_SCHEMA)


def stored_days(connection: Any) -> list[Instant]:
    """The start (UTC) of every day that has a table, ascending."""
    return [row[0] for row in connection.execute("SELECT day FROM days ORDER BY day").fetchall()]


def raw_table(day: Instant) -> str:
    """The table of a day's readings of closed hours.

    >>> raw_table(1795219200000)
    'raw_20261121'
    """
    return f"raw_{datetime.fromtimestamp(day / 1000, UTC):%Y%m%d}"


def slices(connection: Any, before: Instant, max_rows: int) -> Iterator[tuple[int, int]]:
    """Ranges (first, last) of device ids, each with about `max_rows` rows of `hot` received before an instant."""
    counts = connection.execute(
        "SELECT device, count(*) FROM hot WHERE received < ? GROUP BY device ORDER BY device", [before]
    ).fetchall()
    first, rows = None, 0
    for device, count in counts:
        first = device if first is None else first
        rows += count
        if rows >= max_rows:
            yield first, device
            first, rows = None, 0
    if first is not None:
        yield first, counts[-1][0]


def move_closed(connection: Any, before: Instant, first: int, last: int) -> None:
    """Moves the rows of `hot` of a range of devices, received before an instant, to their days, and rolls them up."""
    condition = f"received < {before:d} AND device BETWEEN {first:d} AND {last:d}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE closed AS SELECT * FROM hot WHERE {condition}")  # noqa: S608
    for (day,) in connection.execute(f"SELECT DISTINCT at_ms - at_ms % {DAY} FROM closed ORDER BY 1").fetchall():  # noqa: S608
        _add_run(connection, day)
    connection.execute(_UNPIVOT)
    connection.execute(_ROLL_UP.format(table="minutes", unit=MINUTE))
    connection.execute(_ROLL_UP.format(table="hours", unit=HOUR))
    connection.execute(_NEWEST)
    connection.execute("DELETE FROM newest WHERE device IN (SELECT device FROM newer)")
    connection.execute("INSERT INTO newest SELECT device, quantity, at_ms, received, value, quality FROM newer")
    connection.execute(f"DELETE FROM hot WHERE {condition}")  # noqa: S608
    connection.execute("DROP TABLE pieces; DROP TABLE newer; DROP TABLE closed")


def fragmented_days(connection: Any, now: Instant) -> list[Instant]:
    """Past days in more than RUNS_MAX sorted runs."""
    query = "SELECT day FROM days WHERE runs > ? AND day < ? ORDER BY day"
    return [row[0] for row in connection.execute(query, [RUNS_MAX, now - DAY - HOUR]).fetchall()]


def recluster(connection: Any, day: Instant) -> None:
    """Sorts a day's table as a whole."""
    table = raw_table(day)
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY device, at_ms")  # noqa: S608
    connection.execute("UPDATE days SET runs = 1 WHERE day = ?", [day])


def delete_expired(connection: Any, raw_before: Instant, minutes_before: Instant, hours_before: Instant) -> None:
    """Drops the tables of days that end before `raw_before`, and the roll-up buckets that begin before their limits."""
    for day in stored_days(connection):
        if day + DAY <= raw_before:
            connection.execute(f"DROP TABLE {raw_table(day)}")
            connection.execute("DELETE FROM days WHERE day = ?", [day])
    connection.execute("DELETE FROM minutes WHERE bucket < ?", [minutes_before])
    connection.execute("DELETE FROM hours WHERE bucket < ?", [hours_before])


def put_positions(connection: Any, positions: Sequence[tuple[str, int]]) -> None:
    """Stores the journal positions that are durable with this transaction."""
    for lane, pos in positions:
        connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", [lane, pos])


def _add_run(connection: Any, day: Instant) -> None:
    table = raw_table(day)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM hot LIMIT 0")
    connection.execute(
        f"INSERT INTO {table} SELECT {COLUMNS} FROM closed WHERE at_ms - at_ms % {DAY} = {day} ORDER BY device, at_ms"  # noqa: S608
    )
    connection.execute("INSERT INTO days VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET runs = runs + 1", [day])
