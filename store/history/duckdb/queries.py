"""Read-only queries of the DuckDB history: a device's series, its newest values, all readings in order of reception."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from domain import DAY, HOUR, MINUTE, Instant, Quality, Reading, Value
from store.history import Point, Rollup, parse_cursor
from store.history.duckdb.tables import COLUMNS, raw_table, stored_days

_FETCH: Final = 5_000
RECEIVED: Final = "received >= $start AND received < $end"
AHEAD_MS: Final = DAY
"""Longest time by which a device's clock may be ahead: a day's table may hold readings received that much earlier."""

decode_values = msgspec.json.Decoder(dict[str, Value | None]).decode
_decode_all = msgspec.json.Decoder(list[dict[str, Value | None]]).decode
decode_value = msgspec.json.Decoder(Value | None).decode
decode_doubts = msgspec.json.Decoder(dict[str, Quality]).decode

_NO_DOUBTS: Final[dict[str, Quality]] = {}

# Rows not rolled up yet are rolled up here in the same form; partial sums of one bucket are added together.
_BUCKETS: Final = """
WITH source AS ({source}), pieces AS (
    SELECT at_ms, received, piece.key AS quantity, piece.type AS type, piece.value AS value
    FROM source, json_each(vals) AS piece
    WHERE ($quantity IS NULL OR piece.key = $quantity) AND (doubts IS NULL
        OR json_extract_string(doubts, '$."' || piece.key || '"') IS DISTINCT FROM 'implausible')
), parts AS (
    SELECT quantity, at_ms AS bucket, 1 AS n,
        CASE WHEN type IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN CAST(value AS DOUBLE) END AS total,
        at_ms AS last_ms, CAST(value AS VARCHAR) AS last
    FROM pieces
    {rolled}
)
SELECT bucket - bucket % $step AS step, quantity, sum(total) / sum(n) FILTER (WHERE total IS NOT NULL) AS mean,
    arg_max(last, last_ms) AS last
FROM parts GROUP BY ALL ORDER BY step, quantity LIMIT $limit OFFSET $skip
"""
_ROLLED: Final = """
    UNION ALL
    SELECT quantity, bucket, n, total, last_ms, last FROM {table}
    WHERE device = $device AND bucket >= $start AND bucket < $end AND ($quantity IS NULL OR quantity = $quantity)
"""

# Steps below an hour are read from the days of raw readings, which lie together by device; the minutes of all devices
# lie side by side, so they are read only for the time before the oldest day of raw readings.
_ROLLUPS: Final = """
WITH source AS ({source}), pieces AS (
    SELECT at_ms, piece.key AS quantity, piece.type AS type, piece.value AS value
    FROM source, json_each(vals) AS piece
    WHERE ($quantity IS NULL OR piece.key = $quantity) AND piece.type <> 'NULL' AND (doubts IS NULL
        OR json_extract_string(doubts, '$."' || piece.key || '"') IS DISTINCT FROM 'implausible')
), numbers AS (
    SELECT *, CASE WHEN type IN ('DOUBLE', 'BIGINT', 'UBIGINT') THEN CAST(value AS DOUBLE) END AS number,
        CASE WHEN type = 'BOOLEAN' THEN CAST(CAST(value AS BOOLEAN) AS DOUBLE) END AS flag
    FROM pieces
), parts AS (
    SELECT quantity, at_ms AS bucket, CAST(number IS NOT NULL AS BIGINT) AS n, number AS total,
        coalesce(number, flag) AS low, coalesce(number, flag) AS high,
        at_ms AS last_ms, CASE WHEN number IS NULL THEN CAST(value AS VARCHAR) END AS last
    FROM numbers
    {rolled}
)
SELECT bucket - bucket % $step AS step, quantity, min(low), sum(total) / nullif(sum(n), 0), max(high),
    arg_max(last, last_ms)
FROM parts GROUP BY ALL ORDER BY step, quantity
"""
_ROLLED_PARTS: Final = """
    UNION ALL
    SELECT quantity, bucket, n, total, low, high, last_ms, last FROM {table}
    WHERE device = $device AND bucket >= $start AND bucket < {until} AND ($quantity IS NULL OR quantity = $quantity)
"""


def points(
    connection: Any, device: int, quantity: str | None, start: Instant, end: Instant, limit: int, after: str | None
) -> list[Point]:
    """One page of a device's points, exactly as they were appended."""
    at, skip = parse_cursor(after)
    begin = start if at is None else max(start, at)
    values: dict[str, object] = {"device": device, "start": begin, "end": end, "limit": limit + skip}
    # Quotes inside JSON text are escaped, so `"name":` is found only where a value of that name begins.
    holds_quantity = "AND vals <> '{}'" if quantity is None else "AND contains(vals, $holds)"
    if quantity is not None:
        values["holds"] = f"{msgspec.json.encode(quantity).decode()}:"
    found = connection.execute(
        f"SELECT at_ms, vals, doubts FROM ({_source(connection, begin, end, holds_quantity)})"  # noqa: S608
        " ORDER BY at_ms, received, vals, doubts LIMIT $limit",
        values,
    ).fetchall()
    return _to_points(found, quantity, limit + skip)[skip:]


def buckets(
    connection: Any,
    device: int,
    quantity: str | None,
    start: Instant,
    end: Instant,
    step_ms: int,
    limit: int,
    after: str | None,
) -> list[Point]:
    """One page of a device's buckets: mean of numbers, last value of anything else; implausible values left out."""
    unit, table = next(((u, t) for u, t in ((HOUR, "hours"), (MINUTE, "minutes")) if step_ms % u == 0), (1, ""))
    at, skip = parse_cursor(after)
    begin = (start if at is None else max(start, at)) // step_ms * step_ms
    source = _source(connection, begin, end) if unit == 1 else _recent_query()
    query = _BUCKETS.format(source=source, rolled=_ROLLED.format(table=table) if table else "")
    values = {"device": device, "quantity": quantity, "start": begin, "end": end, "step": step_ms}
    found = connection.execute(query, {**values, "limit": limit, "skip": skip}).fetchall()
    return [
        Point(step, name, value)
        for step, name, mean, last in found
        if (value := mean if mean is not None else decode_value(last)) is not None
    ]


def rollups(
    connection: Any, device: int, quantity: str | None, start: Instant, end: Instant, step_ms: int
) -> list[Rollup]:
    """A device's buckets with lowest, mean and highest value."""
    begin = start // step_ms * step_ms
    if step_ms % HOUR == 0:
        source, rolled = _recent_query(), _ROLLED_PARTS.format(table="hours", until="$end")
    else:
        first_raw = next(iter(stored_days(connection)), end)
        source = _source(connection, begin, end)
        rolled = _ROLLED_PARTS.format(table="minutes", until=f"least($end, {first_raw:d})") if begin < first_raw else ""
    values = {"device": device, "quantity": quantity, "start": begin, "end": end, "step": step_ms}
    found = connection.execute(_ROLLUPS.format(source=source, rolled=rolled), values).fetchall()
    return [
        Rollup(at, name, low, mean, high, None if last is None or mean is not None else decode_value(last))
        for at, name, low, mean, high, last in found
    ]


def newest(connection: Any, device: int) -> list[Point]:
    """The newest point of each quantity of a device, by quantity."""
    rolled_up = connection.execute(
        "SELECT at_ms, received, quantity, value, quality FROM newest WHERE device = ?", [device]
    ).fetchall()
    latest: dict[str, tuple[Instant, Instant, Point]] = {}
    for at, received, quantity, text, quality in rolled_up:
        value = decode_value(text)
        if value is not None:
            latest[quantity] = (at, received, Point(at, quantity, value, Quality(quality or Quality.GOOD)))
    recent = connection.execute(
        "SELECT received, at_ms, vals, doubts FROM hot WHERE device = ? ORDER BY at_ms, received", [device]
    ).fetchall()
    for received, *row in recent:
        for point in _to_points([row], None, None):
            if point.quantity not in latest or (point.at, received) >= latest[point.quantity][:2]:
                latest[point.quantity] = (point.at, received, point)
    return [latest[quantity][2] for quantity in sorted(latest)]


def readings(
    connection: Any, names: Mapping[int, str], start: Instant, end: Instant, devices: Sequence[int] | None
) -> Iterator[Reading]:
    """Whole readings in order of reception. Late readings lie in the tables of the days they were measured on."""
    condition = RECEIVED + ("" if devices is None else " AND device IN (SELECT unnest($devices))")
    values: dict[str, object] = {"start": start, "end": end} | ({} if devices is None else {"devices": list(devices)})
    tables = ["hot", *(raw_table(day) for day in stored_days(connection) if day < end + AHEAD_MS)]
    found = connection.execute(
        f"SELECT {COLUMNS} FROM ({_from_all(tables, condition)}) ORDER BY received, at_ms, device, vals",  # noqa: S608
        values,
    )
    yield from _fetched(found, names)


def readings_measured(connection: Any, names: Mapping[int, str], start: Instant, end: Instant) -> Iterator[Reading]:
    """Whole readings with `start <= at < end`, in any order."""
    tables = ["hot", *(raw_table(day) for day in stored_days(connection) if day < end and day + DAY > start)]
    query = f"SELECT {COLUMNS} FROM ({_from_all(tables, 'at_ms >= $start AND at_ms < $end')})"  # noqa: S608
    yield from _fetched(connection.execute(query, {"start": start, "end": end}), names)


def _fetched(found: Any, names: Mapping[int, str]) -> Iterator[Reading]:
    """The rows of COLUMNS as readings."""
    while rows := found.fetchmany(_FETCH):
        for (device, kind, at, received, _, doubts), decoded in zip(rows, _decoded_values(rows), strict=True):
            marks = _NO_DOUBTS if doubts is None else decode_doubts(doubts)
            yield Reading(names[device], names[kind], at, received, decoded, marks)


def first_received(connection: Any) -> Instant | None:
    """When the oldest reading was received; None without readings."""
    # Every day is read: a reading of the oldest day may have been received after those of newer days.
    tables = ["hot", *map(raw_table, stored_days(connection))]
    firsts = [connection.execute(f"SELECT min(received) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608
    return min((first for first in firsts if first is not None), default=None)


def _decoded_values(rows: Sequence[Sequence[Any]]) -> list[dict[str, Value]]:
    """The values of these rows, decoded in one call. `null` means that the device reported a value as unknown."""
    text = f"[{','.join([row[4] for row in rows])}]"
    decoded = _decode_all(text)
    if "null" in text:
        decoded = [{name: value for name, value in values.items() if value is not None} for values in decoded]
    return decoded  # type: ignore[return-value]  # no null among them


def _recent_query() -> str:
    return "SELECT * FROM hot WHERE device = $device AND at_ms >= $start AND at_ms < $end"


def _source(connection: Any, start: Instant, end: Instant, condition: str = "") -> str:
    tables = ["hot", *(raw_table(day) for day in stored_days(connection) if day < end and day + DAY > start)]
    return _from_all(tables, f"at_ms >= $start AND at_ms < $end AND device = $device {condition}")


def _from_all(tables: Sequence[str], condition: str) -> str:
    return " UNION ALL ".join(f"SELECT * FROM {table} WHERE {condition}" for table in tables)  # noqa: S608


def _to_points(rows: Sequence[Sequence[Any]], quantity: str | None, limit: int | None) -> list[Point]:
    points: list[Point] = []
    for at, vals, doubts in rows:
        marks = _NO_DOUBTS if doubts is None else decode_doubts(doubts)
        values = decode_values(vals)
        for name in sorted(values) if quantity is None else (quantity,):
            value = values.get(name)
            if value is not None:
                points.append(Point(at, name, value, marks.get(name, Quality.GOOD)))
        if limit is not None and len(points) >= limit:
            break
    return points[:limit]
