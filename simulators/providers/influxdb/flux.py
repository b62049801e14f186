"""The part of Flux that a time series reader needs, and its answer as annotated CSV (`csv/result.go`). Pure.

    from(bucket: "b") |> range(start: time(v: 0), stop: time(v: 9)) |> filter(fn: (r) => r._field == "x") |> last()

`filter` takes comparisons of columns with texts, `and`, `or` and brackets; `last()` and `max()` end the pipe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct

from simulators.providers.influxdb.points import FieldValue
from simulators.providers.influxdb.storage import StoredValue, rfc3339

_FROM: Final = re.compile(r'from\(bucket: ("(?:\\.|[^"\\])*")\)')
_RANGE: Final = re.compile(r"range\(start: time\(v: (-?\d+)\), stop: time\(v: (-?\d+)\)\)")
_FILTER: Final = re.compile(r"filter\(fn: \(r\) => (.*)\)", re.DOTALL)
_TOKEN: Final = re.compile(r'\s*(\(|\)|and\b|or\b|==|!=|r\.\w+|"(?:\\.|[^"\\])*")')
_TYPES: Final = {bool: "boolean", float: "double", int: "long", str: "string"}

Predicate = Callable[[StoredValue], bool]


class FluxError(ValueError):
    """A query that this simulator, or a real server, does not understand."""


class Query(Struct):
    """A parsed query."""

    bucket: str
    start_ns: int
    stop_ns: int
    filters: list[Predicate]
    selector: str = ""


def parse(text: str) -> Query:
    """Raises FluxError."""
    steps = [step.strip() for step in re.split(r"\|>(?=(?:[^\"]|\"(?:\\.|[^\"\\])*\")*$)", text)]
    source, time_range = _FROM.fullmatch(steps[0]), _RANGE.fullmatch(steps[1]) if len(steps) > 1 else None
    if source is None or time_range is None:
        raise FluxError(f"cannot be read: {text[:200]}")
    query = Query(json.loads(source[1].replace(r"\${", "${")), int(time_range[1]), int(time_range[2]), [])
    for step in steps[2:]:
        match = _FILTER.fullmatch(step)
        if match:
            query.filters.append(_Expression(match[1]).predicate())
        elif step in {"last()", "max()"}:
            query.selector = step[:-2]
        else:
            raise FluxError(f"no such function: {step[:80]}")
    return query


def run(query: Query, values: Iterable[StoredValue]) -> str:
    """The answer in CSV: one table for each series and type of value."""
    found = [
        value
        for value in values
        if query.start_ns <= value.at_ns < query.stop_ns and all(keeps(value) for keeps in query.filters)
    ]
    tables = [_select(query.selector, list(rows)) for _, rows in groupby(sorted(found, key=_table_of), key=_table_of)]
    return _encode(query, tables)


def _table_of(value: StoredValue) -> tuple[object, ...]:
    return value.measurement, value.tags, value.field, type(value.value).__name__


class _Expression:
    """Recursive descent over the tokens of a condition."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r'\s+(?=(?:[^"]|"(?:\\.|[^"\\])*")*$)', "", text):
            raise FluxError(f"cannot be read: {text[:200]}")

    def predicate(self) -> Predicate:
        terms = [self._all_of()]
        while self._take("or"):
            terms.append(self._all_of())
        return lambda value: any(term(value) for term in terms)

    def _all_of(self) -> Predicate:
        terms = [self._term()]
        while self._take("and"):
            terms.append(self._term())
        return lambda value: all(term(value) for term in terms)

    def _term(self) -> Predicate:
        if self._take("("):
            inner = self.predicate()
            self._take(")")
            return inner
        column, operator, wanted = self._tokens[:3]
        del self._tokens[:3]
        text = json.loads(wanted.replace(r"\${", "${"))
        return lambda value: (_column(value, column.removeprefix("r.")) == text) is (operator == "==")

    def _take(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        del self._tokens[0]
        return True


def _column(value: StoredValue, name: str) -> str | None:
    if name in {"_measurement", "_field"}:
        return value.measurement if name == "_measurement" else value.field
    return dict(value.tags).get(name)


def _select(selector: str, rows: list[StoredValue]) -> list[StoredValue]:
    if selector == "last":
        return [max(rows, key=lambda row: row.at_ns)]
    return [max(rows, key=lambda row: row.value)] if selector == "max" else rows


def _encode(query: Query, tables: Sequence[Sequence[StoredValue]]) -> str:
    lines, schema = list[str](), None
    for number, rows in enumerate(tables):
        tags = [name for name, _ in rows[0].tags]
        kind = _TYPES[type(rows[0].value)]
        if schema != (tags, kind):
            lines += [""] if schema is not None else []
            lines += _header(tags, kind)
            schema = (tags, kind)
        lines += [_row(query, number, row) for row in rows]
    return "".join(f"{line}\r\n" for line in [*lines, ""])


def _header(tags: Sequence[str], kind: str) -> Iterator[str]:
    yield "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339," + ",".join(
        [kind, "string", "string", *["string"] * len(tags)]
    )
    yield "#group,false,false,true,true,false,false,true,true" + ",true" * len(tags)
    yield "#default,_result" + "," * (7 + len(tags))
    yield ",result,table,_start,_stop,_time,_value,_field,_measurement" + "".join(f",{_cell(name)}" for name in tags)


def _row(query: Query, table: int, row: StoredValue) -> str:
    times = [rfc3339(at) for at in (query.start_ns, query.stop_ns, row.at_ns)]
    cells = ["", "", str(table), *times, _text(row.value), row.field, row.measurement, *(text for _, text in row.tags)]
    return ",".join(_cell(cell) for cell in cells)


def _text(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value!r}".removesuffix(".0") if isinstance(value, float) else str(value)


def _cell(text: str) -> str:
    """As Go's csv.Writer with CRLF writes it: inside a text, too, a line feed becomes CRLF and a return is dropped."""
    if not re.search('[,"\r\n]|^ ', text) and text != r"\.":
        return text
    changed = text.replace("\r", "").replace("\n", "\r\n").replace('"', '""')
    return f'"{changed}"'
