"""SQL helpers shared by the database modules, valid for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import JSON, ColumnElement, Connection, String, Table, and_, cast, func, insert, literal, select, update

T = TypeVar("T")

MAX_IN_LIST = 500
"""Ids in one IN list: below the lowest limit of any database."""
_LAST_CHARACTER = "\U0010ffff"


class Page(Struct, Generic[T], frozen=True):
    """Items, and the cursor of the next page; None on the last page."""

    items: tuple[T, ...]
    next: str | None = None


def page_of(rows: Sequence[tuple[str, T]], limit: int) -> Page[T]:
    """A page of `limit` items out of up to `limit + 1` pairs of cursor and item."""
    items = rows[:limit]
    return Page(tuple(item for _, item in items), items[-1][0] if len(rows) > limit and items else None)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in slices short enough for one IN list."""
    for start in range(0, len(items), MAX_IN_LIST):
        yield items[start : start + MAX_IN_LIST]


def insert_rows(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert any number of rows, in parts: a server has to answer each statement in time, and 200,000 people in one
    took longer."""
    for part in chunks(rows):
        tx.execute(insert(table), part)


def one_of(tx: Connection, column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a column has one of any number of texts: a long list goes as one JSON parameter, for a statement has no
    more than 65,535 of them (PostgreSQL), and a place of a district has more places below it."""
    if len(values) <= MAX_IN_LIST:
        return column.in_(sorted(values))
    listed = literal(msgspec.json.encode(list(values)).decode(), String())
    if tx.dialect.name == "sqlite":
        rows = func.json_each(listed).table_valued("value")
    else:
        rows = func.json_array_elements_text(cast(listed, JSON)).table_valued("value")
    return column.in_(select(rows.c.value))


def begins_with(column: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """Whether a text begins with a prefix, as a range of the column's index: both databases order by bytes. LIKE reads
    the whole table, for SQLite's ignores case."""
    return and_(column >= prefix, column < prefix + _LAST_CHARACTER)


def upsert(tx: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Update the row with this key, or insert it. There is one writer, so the two statements cannot race."""
    existing = and_(*(table.c[name] == value for name, value in key.items()))
    if tx.execute(update(table).where(existing).values(**values)).rowcount == 0:
        tx.execute(insert(table).values(**key, **values))


def position(tx: Connection, column: ColumnElement[str], text: str) -> ColumnElement[int]:
    """Where this text first stands in a column, from 1; 0 where it does not. The databases name the function apart."""
    find = func.instr if tx.dialect.name == "sqlite" else func.strpos
    return find(column, text)
