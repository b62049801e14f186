"""Reads from InfluxDB 3 in SQL, through `/api/v3/query_sql`.

Never tried against a real server: tested against a simulated one (simulators/providers/influxdb) that is written from
the source of InfluxDB 3 Core and runs the queries in DuckDB. Values are bound as parameters. Names of columns
cannot be: only such are written into a query as the server has listed and as are names of ours.

Core refuses a query that reads more than 432 files (`--query-file-limit`), of ten minutes each. A period is divided
then; newest values and positions, which may be of any age, are looked for in the last days.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
import msgspec

from domain import HOUR, Instant, Lane, Quality, Value
from store.errors import CannotRead
from store.history.remote.answers import Account, server_sentence, shortened
from store.history.remote.fields import TAGS, TEXT, column_names, decode_text, quantity_of
from store.history.remote.influxdb3_answers import (
    database_fault,
    is_account_fault,
    is_nothing_yet,
    is_too_many_files,
)
from store.history.remote.line_protocol import MEASUREMENT, POSITION, sanitise_tag
from store.history.remote.samples import Sample, number

log = logging.getLogger("fengshao.history")

Row = dict[str, Any]
Parameters = dict[str, str]

_COLUMN: Final = re.compile(r"[a-z0-9_]+(?::bool|:text|:number)?")
"""The names of our fields (fields.py). Another program may have written others into the table."""
_COLUMNS: Final = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'iox' AND table_name = $table_name"
)
_PERIOD: Final = "time >= $start AND time < $end"
_LAST_DAYS: Final = ("2 days", "6 hours")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final[Instant] = 9_223_372_036_854
"""The last instant that the server stores."""


class _TooManyFiles(Exception):
    """The query reads more files than the server allows."""


class InfluxDb3Reader:
    """A `SampleReader` of an InfluxDB 3 server."""

    def __init__(self, url: str, token: str, account: Account, timeout_s: float = 10.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_s)
        self._account, self._is_warned = account, False

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterator[Sample]:
        """See SampleReader.samples."""
        selected, conditions, parameters = "*", [_PERIOD], Parameters()
        if quantity is not None:
            columns = sorted(self._fields() & set(column_names(quantity)))
            if not columns:
                return
            selected = ", ".join(["time", *TAGS, *map(_quoted, columns)])
            conditions.append(f"({' OR '.join(f'{_quoted(column)} IS NOT NULL' for column in columns)})")
        if device is not None:
            conditions.append("device = $device")
            parameters["device"] = sanitise_tag(device)
        query = f"SELECT {selected} FROM {MEASUREMENT} WHERE {' AND '.join(conditions)}"  # noqa: S608
        for row in self._of_period(query, parameters, start, end):
            yield from _samples(row)

    def has_samples(self, start: Instant, end: Instant) -> bool:
        """See SampleReader.has_samples. More files than the server reads for one query are more than none."""
        query = f"SELECT device FROM {MEASUREMENT} WHERE {_PERIOD} LIMIT 1"  # noqa: S608
        try:
            return bool(self._rows(query, {"start": _time(start), "end": _time(end)}))
        except _TooManyFiles:
            return True

    def newest(self, device: str) -> Iterator[Sample]:
        """See SampleReader.newest: when each field last had a value, and the rows of these instants."""
        columns = sorted(self._fields())
        if not columns:
            return
        latest = ", ".join(
            f"max(CASE WHEN {_quoted(column)} IS NOT NULL THEN time END) AS {_quoted(column)}" for column in columns
        )
        query = f"SELECT {latest} FROM {MEASUREMENT} WHERE device = $device"  # noqa: S608
        rows = self._of_any_age(query, {"device": sanitise_tag(device)})
        for at in sorted({_instant(value) for row in rows for value in row.values() if value is not None}):
            yield from self.samples(at, at + 1, device, None)

    def position(self) -> dict[Lane, int]:
        """See SampleReader.position. Positions only grow, so the greatest is the last."""
        query = f"SELECT lane, max(pos) AS pos FROM {POSITION} WHERE pos >= 0"  # noqa: S608
        rows = self._of_any_age(query, {}, " GROUP BY lane")
        return {Lane(row["lane"]): int(row["pos"]) for row in rows}

    def close(self) -> None:
        """See SampleReader.close."""
        self._http.close()

    def _fields(self) -> set[str]:
        """The columns that are fields of ours; they only become more."""
        rows = self._rows(_COLUMNS, {"table_name": MEASUREMENT})
        names = {str(row["column_name"]) for row in rows}
        return {name for name in names - {*TAGS, "time"} if _COLUMN.fullmatch(name)}

    def _of_period(self, query: str, parameters: Parameters, start: Instant, end: Instant) -> Iterator[Row]:
        """The rows of a period, in as many queries as the server needs. They come by period, in no order within."""
        try:
            yield from self._rows(query, {**parameters, "start": _time(start), "end": _time(end)})
            return
        except _TooManyFiles as error:
            if end - start <= HOUR:
                raise CannotRead(self._file_limit(f"one hour from {_time(start)}")) from error
        middle = start + (end - start) // 2
        yield from self._of_period(query, parameters, start, middle)
        yield from self._of_period(query, parameters, middle, end)

    def _of_any_age(self, query: str, parameters: Parameters, ending: str = "") -> list[Row]:
        """The rows of all times; where the server does not read so many files, of the last days."""
        try:
            return self._rows(query + ending, parameters)
        except _TooManyFiles:
            pass
        for period in _LAST_DAYS:
            try:
                rows = self._rows(f"{query} AND time >= now() - INTERVAL '{period}'{ending}", parameters)
            except _TooManyFiles:
                continue
            if not self._is_warned:
                self._is_warned = True
                log.warning("%s", self._file_limit(f"newest values: those older than {period} are not found"))
            return rows
        raise CannotRead(self._file_limit(f"the last {_LAST_DAYS[-1]}"))

    def _file_limit(self, what: str) -> str:
        return (
            f"InfluxDB 3 reads no more files for one query than its limit ({what}): start it with a larger "
            "--query-file-limit, or use an edition that joins its files (Enterprise)"
        )

    def _rows(self, query: str, parameters: Parameters) -> list[Row]:
        request = {"db": self._account.bucket, "q": query, "format": "jsonl", "params": parameters}
        try:
            response = self._http.post("/api/v3/query_sql", json=request)
        except httpx2.HTTPError as error:
            raise CannotRead(f"InfluxDB 3 did not answer: {shortened(str(error))}") from error
        if response.status_code == 200:
            try:
                return [msgspec.json.decode(line) for line in response.content.split(b"\n") if line.strip()]
            except msgspec.DecodeError as error:
                raise CannotRead(f"InfluxDB 3 did not answer in lines of JSON: {error}") from error
        return self._failed(response.status_code, server_sentence(response.content) or f"HTTP {response.status_code}")

    def _failed(self, status: int, message: str) -> list[Row]:
        if is_nothing_yet(status, message):
            return []
        if is_too_many_files(message):
            raise _TooManyFiles
        if is_account_fault(status, message):
            raise CannotRead(database_fault(status, message, self._account))
        raise CannotRead(f"InfluxDB 3 did not answer: HTTP {status}: {shortened(message)}")


def _samples(row: Row) -> Iterator[Sample]:
    """The values of a row; it has no keys for columns without a value. A row without our tags is of another program."""
    device, kind, at = row.get("device"), row.get("kind"), row.get("time")
    if device is None or kind is None or at is None:
        return
    quality = Quality(row.get("quality") or Quality.GOOD)
    for column, value in row.items():
        if value is not None and column not in TAGS and column != "time" and _COLUMN.fullmatch(column):
            yield Sample(device, kind, quantity_of(column), _instant(at), _value(column, value), quality)


def _value(column: str, value: Any) -> Value:
    if column.endswith(TEXT) and isinstance(value, str):
        return decode_text(value)
    found: Value = number(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
    return found


def _quoted(column: str) -> str:
    """A column as an identifier. Only names of ours come here: none has a quotation mark."""
    if not _COLUMN.fullmatch(column):
        raise AssertionError(f"{column!r} is no column of ours")
    return f'"{column}"'


def _time(at: Instant) -> str:
    """An instant as a literal of SQL.

    >>> _time(1_795_262_400_050)
    '2026-11-21T12:00:00.050Z'
    """
    moment = _EPOCH + timedelta(milliseconds=min(max(at, 0), _LAST))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _instant(text: str) -> Instant:
    """An instant from an answer: without a zone it is UTC.

    >>> _instant("2026-11-21T12:00:00.05"), _instant("2026-11-21T12:00:00")
    (1795262400050, 1795262400000)
    """
    moment = datetime.fromisoformat(text)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return since // timedelta(milliseconds=1)
