"""The tables of one database of InfluxDB 3 Core: columns with types, rows by tags and time, and queries in DuckDB.

Lines are judged as `influxdb3_write/src/write_buffer/validator.rs` does, with the words of
`influxdb3_catalog/src/error.rs` and `core/influxdb_line_protocol`. A row is one for its tags and its time: fields that
are written later join it or take the place of the same (`core/iox_query/src/provider/deduplicate`).

DuckDB does not tell upper from lower case in the names of columns, and reads microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb
from msgspec import Struct

from domain import MINUTE, Instant
from simulators.providers.influxdb.points import (
    FieldValue,
    ParsedPoint,
    PointError,
    parse_point,
    split_lines,
    type_name,
)

TEXT_MAX: Final = 1_048_576
FILE_MS: Final = 10 * MINUTE
"""The time that one file of a table holds (`--gen1-duration`)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: Final = {"tag": "VARCHAR", "string": "VARCHAR", "float": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN"}
_NOW: Final = re.compile(r"\bnow\(\)")
_SINCE: Final = re.compile(r"time >= now\(\) - INTERVAL '(\d+) (hours|days)'")
_ROWS_AT_ONCE: Final = 200

Row = dict[str, Any]


class LineFault(Struct):
    """One line that is not written, as the answer repeats it."""

    error_message: str
    line_number: int
    original_line: str


class QueryError(Exception):
    """A query that fails, with its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Tables:
    """`columns_max`: of a table, with its tags. `files_max`: that a query may read. `retention_ms` 0: for ever."""

    def __init__(self, retention_ms: int = 0, columns_max: int = 500, files_max: int = 432) -> None:
        self._retention_ms, self._columns_max, self._files_max = retention_ms, columns_max, files_max
        self._columns: dict[str, dict[str, str]] = {}
        self._writes = 0
        self._database: duckdb.DuckDBPyConnection | None = None
        self._state_of_database: tuple[int, tuple[int, ...]] | None = None
        self._rows: dict[str, dict[tuple[tuple[tuple[str, str], ...], int], dict[str, FieldValue]]] = {}

    def __len__(self) -> int:
        return sum(len(fields) for rows in self._rows.values() for fields in rows.values())

    @property
    def exists(self) -> bool:
        """Whether the database exists: its first write creates it."""
        return bool(self._columns)

    def write(self, text: str, precision: str, now_ns: int) -> list[LineFault]:
        """Write the lines that can be written; why the others cannot."""
        faults = []
        self._writes += 1
        for number, line in enumerate(split_lines(text), 1):
            try:
                self._write_point(parse_point(line, precision, now_ns, key_max=TEXT_MAX))
            except PointError as error:
                faults.append(LineFault(_words(str(error), line), number, line[:20]))
        return faults

    def _write_point(self, point: ParsedPoint) -> None:
        """The columns before a faulty one are created all the same."""
        columns = self._columns.setdefault(point.measurement, {})
        for tag in point.tags:
            self._column(columns, tag, "tag")
        for name, value in point.fields.items():
            if isinstance(value, str) and len(value.encode()) > TEXT_MAX:
                raise PointError("String is greater than 1MB")
            self._column(columns, name, type_name(value))
        key = tuple(sorted(point.tags.items())), point.at_ns
        self._rows.setdefault(point.measurement, {}).setdefault(key, {}).update(point.fields)

    def _column(self, columns: dict[str, str], name: str, kind: str) -> None:
        if name not in columns and len(columns) >= self._columns_max:
            raise PointError(
                f"Update to schema would exceed number of columns per table limit of {self._columns_max} columns"
            )
        known = columns.setdefault(name, kind) if name != "time" else "timestamp"
        if known != kind:
            raise PointError(
                f"invalid column type for column '{name}', expected {_type_words(known)}, got {_type_words(kind)}"
            )

    def query(self, query: str, parameters: Mapping[str, Any], now: Instant) -> list[Row]:
        """The rows of a query, without the columns that have no value. Raises QueryError."""
        table = _table_of(query)
        if table is not None and table not in self._columns:
            raise QueryError(400, f"Error during planning: table 'public.iox.{table}' not found")
        if table is not None and self._files(table, query, parameters, now) > self._files_max:
            raise QueryError(
                500,
                f"External error: Query would scan {self._files_max} Parquet files, exceeding the file limit. "
                "InfluxDB 3 Core caps file access to prevent performance degradation and memory issues. Use a narrower "
                "time range, or increase the limit with --query-file-limit (this may cause slower queries or "
                "instability).",
            )
        return _run(self._filled(now), _NOW.sub(f"TIMESTAMP '{_moment(now * 1_000_000)}'", query), parameters)

    def _filled(self, now: Instant) -> duckdb.DuckDBPyConnection:
        """The tables as a query sees them now: filled anew after a write, and when the retention leaves out more."""
        kept = tuple(sum(1 for _ in self._kept(name, now)) for name in self._columns)
        if self._database is None or self._state_of_database != (self._writes, kept):
            if self._database is not None:
                self._database.close()
            self._database, self._state_of_database = duckdb.connect(), (self._writes, kept)
            self._database.execute("CREATE SCHEMA iox; SET SCHEMA 'iox'")
            for name in self._columns:
                self._fill(self._database, name, now)
        return self._database

    def _files(self, table: str, query: str, parameters: Mapping[str, Any], now: Instant) -> int:
        """How many files a query reads. A server has the newest of them in memory and counts these not."""
        start, end = (_ns(parameters[name]) if name in parameters else None for name in ("start", "end"))
        if since := _SINCE.search(query):
            start = now * 1_000_000 - timedelta(**{since[2]: int(since[1])}) // timedelta(microseconds=1) * 1_000
        instants = (at for _, at in self._rows.get(table, {}))
        chosen = (at for at in instants if (start is None or at >= start) and (end is None or at < end))
        return len({at // (FILE_MS * 1_000_000) for at in chosen})

    def _fill(self, database: duckdb.DuckDBPyConnection, table: str, now: Instant) -> None:
        columns = self._columns[table]
        defined = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in columns.items())
        database.execute(f'CREATE TABLE "{table}" (time TIMESTAMP, {defined})')
        rows = [
            [_moment(at), *({**dict(tags), **fields}.get(c) for c in columns)]
            for tags, at, fields in self._kept(table, now)
        ]
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[first : first + _ROWS_AT_ONCE]
            places = ", ".join([f"({', '.join('?' * (len(columns) + 1))})"] * len(part))
            database.execute(f'INSERT INTO "{table}" VALUES {places}', [value for row in part for value in row])  # noqa: S608

    def _kept(self, table: str, now: Instant) -> Iterator[tuple[Sequence[tuple[str, str]], int, dict[str, FieldValue]]]:
        """A query does not see what is older than the retention, whether its file is deleted yet or not."""
        oldest = (now - self._retention_ms) * 1_000_000 if self._retention_ms else None
        for (tags, at), fields in self._rows.get(table, {}).items():
            if oldest is None or at >= oldest:
                yield tags, at, fields


def _run(database: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]) -> list[Row]:
    try:
        found = database.execute(query, dict(parameters))
    except duckdb.ParserException as error:
        raise QueryError(400, f"SQL error: ParserError({str(error)!r})") from None
    except duckdb.Error as error:
        raise QueryError(500, f"Schema error: {error}") from None
    names = [column[0] for column in found.description or ()]
    return [
        {name: _json(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in found.fetchall()
    ]


def _json(value: Any) -> Any:
    """As `arrow_json` writes it: an instant without a zone, with as many digits of a second as it has."""
    if not isinstance(value, datetime):
        return value
    return (
        value.isoformat() if value.microsecond % 1000 else value.isoformat(timespec="milliseconds").removesuffix(".000")
    )


def _table_of(query: str) -> str | None:
    match = re.search(r"\bFROM ([\w.]+)", query)
    return match[1] if match and "." not in match[1] else None


def _words(error: str, line: str) -> str:
    """What the parser of InfluxDB 3 says, where it has other words than that of InfluxDB 1 and 2."""
    if error == "missing tag value":
        return "Expected tag value, got `,kind=gas_`"
    if error == "duplicate tags":
        return "Must not contain duplicate tags, but `device` was repeated"
    if error.startswith("time outside range"):
        return f"timestamp, {line.rpartition(' ')[2]}, out of range for precision: Millisecond"
    if error in ("invalid number", "invalid boolean"):
        return "No fields were provided"
    return error


def _type_words(kind: str) -> str:
    return f"iox::column_type::{kind}" if kind in ("tag", "timestamp") else f"iox::column_type::field::{kind}"


def _moment(at_ns: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_ns // 1_000)).replace(tzinfo=None)


def _ns(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1) * 1_000
