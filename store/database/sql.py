"""Small turns of SQL that every ledger module needs, spelt so that SQLite and PostgreSQL both read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Table, and_, insert, update

T = TypeVar("T")

MAX_IN_LIST = 500
"""How many ids one IN list may hold: far below the least limit of any database."""


class Page(Struct, Generic[T], frozen=True):
    """Some items, and where the next page begins: None when there is none."""

    items: tuple[T, ...]
    next: str | None = None


def page_of(found: Sequence[tuple[str, T]], limit: int) -> Page[T]:
    """A page of `limit` items out of up to `limit + 1` found, each with the cursor that names it."""
    shown = found[:limit]
    return Page(tuple(item for _, item in shown), shown[-1][0] if len(found) > limit and shown else None)


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in pieces short enough for one IN list."""
    for start in range(0, len(items), MAX_IN_LIST):
        yield items[start : start + MAX_IN_LIST]


def upsert(tx: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Update the row with this key, or insert it. Writers come one at a time, so the two cannot race."""
    there = and_(*(table.c[name] == value for name, value in key.items()))
    if tx.execute(update(table).where(there).values(**values)).rowcount == 0:
        tx.execute(insert(table).values(**key, **values))
