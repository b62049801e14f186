"""Every text of a rulebook that was put in force over the console: by whom, when, and why. Entries are only added."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, to_builtins
from sqlalchemy import Connection, Row, insert, select

from domain import Instant
from store.database.sql import Page, page_of
from store.database.system.tables import rulebook_versions


class RulebookAction(StrEnum):
    """How a text came into force."""

    FOUND = "found"
    """It was there before the first change over the console, or was changed outside it."""
    PUBLISHED = "published"
    REMOVED = "removed"
    """The site's file was removed; the text is that of the delivered rulebook, empty without one."""


class RulebookVersion(Struct, frozen=True, kw_only=True):
    """One text of a rulebook with its trials. `by` is the id of a person or token; `n` counts over all rulebooks."""

    n: int = 0
    book: str
    at: Instant
    action: RulebookAction
    by: str
    by_name: str
    reason: str
    etag: str
    text: str
    trials: str


_columns = rulebook_versions.c


def add_version(tx: Connection, version: RulebookVersion) -> int:
    """Add a version; returns its number."""
    values = to_builtins(version)
    del values["n"]
    return int(tx.execute(insert(rulebook_versions).values(**values).returning(_columns.n)).scalar_one())


def latest_version(tx: Connection, book: str) -> RulebookVersion | None:
    """The newest version of a rulebook; None before its first."""
    query = select(rulebook_versions).where(_columns.book == book).order_by(_columns.n.desc()).limit(1)
    row = tx.execute(query).first()
    return None if row is None else _version(row)


def get_version(tx: Connection, book: str, n: int) -> RulebookVersion | None:
    """One version of a rulebook."""
    row = tx.execute(select(rulebook_versions).where(_columns.book == book, _columns.n == n)).first()
    return None if row is None else _version(row)


def list_versions(tx: Connection, book: str, limit: int, after: str | None = None) -> Page[RulebookVersion]:
    """Versions of a rulebook, newest first."""
    query = select(rulebook_versions).where(_columns.book == book).order_by(_columns.n.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(_columns.n < int(after))
    return page_of([(str(row.n), _version(row)) for row in tx.execute(query)], limit)


def _version(row: Row[tuple[object, ...]]) -> RulebookVersion:
    values = dict(row._mapping)
    return RulebookVersion(**{**values, "action": RulebookAction(values["action"])})
