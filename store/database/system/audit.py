"""The audit trail: who did what, and when. Entries are only added, and deleted by age."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, String, cast, delete, insert, or_, select

from domain import Attribute, Instant
from store.database.sql import Page, begins_with, page_of
from store.database.system.tables import audit


class AuditEntry(Struct, frozen=True):
    """One action: `actor` is the id of a person or a token, `action` a noun and a verb (`device deleted`)."""

    at: Instant
    actor: str
    action: str
    detail: dict[str, Attribute | None]


def record(
    tx: Connection, at: Instant, actor: str, action: str, detail: Mapping[str, Attribute | None] | None = None
) -> None:
    """Add an entry, in the transaction of the action itself."""
    tx.execute(insert(audit).values(at=at, actor=actor, action=action, detail=dict(detail or {})))


class AuditFilter(Struct, frozen=True):
    """Conditions, all of which hold; None is no condition. `action` is the action or its first words, `about` the id of
    a person, user, token or alert in the detail."""

    actor: str | None = None
    about: str | None = None
    action: str | None = None
    since: Instant | None = None
    until: Instant | None = None


NO_FILTER = AuditFilter()


def list_entries(
    tx: Connection, limit: int, after: str | None = None, filters: AuditFilter = NO_FILTER
) -> Page[AuditEntry]:
    """Entries, newest first."""
    query = select(audit).where(*_conditions(filters)).order_by(audit.c.n.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(audit.c.n < int(after))
    return page_of(
        [(str(row.n), AuditEntry(row.at, row.actor, row.action, row.detail)) for row in tx.execute(query)], limit
    )


def actor_at(tx: Connection, at: Instant, action: str) -> str | None:
    """Who did this at this very instant, the last of several; None when nothing is recorded."""
    query = select(audit.c.actor).where(audit.c.at == at, audit.c.action == action).order_by(audit.c.n.desc())
    found = tx.execute(query.limit(1)).scalar()
    return None if found is None else str(found)


def _conditions(filters: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if filters.actor is not None:
        yield audit.c.actor == filters.actor
    if filters.action is not None:
        yield begins_with(audit.c.action, filters.action)
    if filters.since is not None:
        yield audit.c.at >= filters.since
    if filters.until is not None:
        yield audit.c.at <= filters.until
    if filters.about is not None:
        # A value of the detail, or one of several ids in it, which are separated by spaces.
        text = cast(audit.c.detail, String)
        name = json.dumps(filters.about)[1:-1]
        found = [f'"{name}"', f'"{name} ', f" {name} ", f' {name}"']
        yield or_(*(text.contains(part, autoescape=True) for part in found))


def purge(tx: Connection, before: Instant) -> int:
    """Delete entries older than an instant; returns how many."""
    return tx.execute(delete(audit).where(audit.c.at < before)).rowcount
