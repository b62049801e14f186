"""The audit trail: who did what, and when. Entries are only added, and deleted by age."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from domain import Attribute, Instant
from store.database.sql import Page, page_of
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


def list_entries(tx: Connection, limit: int, after: str | None = None, *, actor: str | None = None) -> Page[AuditEntry]:
    """Entries, newest first."""
    query = select(audit).order_by(audit.c.n.desc()).limit(limit + 1)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    if after is not None:
        query = query.where(audit.c.n < int(after))
    return page_of(
        [(str(row.n), AuditEntry(row.at, row.actor, row.action, row.detail)) for row in tx.execute(query)], limit
    )


def purge(tx: Connection, before: Instant) -> int:
    """Delete entries older than an instant; returns how many."""
    return tx.execute(delete(audit).where(audit.c.at < before)).rowcount
