"""SQL helpers shared by the database modules, valid for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Table, and_, insert, update

T = TypeVar("T")

MAX_IN_LIST = 500
"""Ids in one IN list: below the lowest limit of any database."""


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


def upsert(tx: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Update the row with this key, or insert it. There is one writer, so the two statements cannot race."""
    existing = and_(*(table.c[name] == value for name, value in key.items()))
    if tx.execute(update(table).where(existing).values(**values)).rowcount == 0:
        tx.execute(insert(table).values(**key, **values))
