"""Which records of the registry were changed over the API: those belong to whoever changed them, no longer to a file.

A record that is not listed is as the site's files say, or was never in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from domain import Instant
from store.database.registry.tables import edits
from store.database.sql import chunks

RESOURCES = ("places", "cells", "people", "duties", "devices")


class RegistryEdit(Struct, frozen=True):
    """One record that was written, or (`deleted`) removed, over the API."""

    resource: str
    id: str
    deleted: bool
    at: Instant


def record_edits(tx: Connection, shelf: str, ids: Iterable[str], now: Instant, *, deleted: bool = False) -> None:
    """These records were changed over the API."""
    named = list(dict.fromkeys(ids))
    clear_edits(tx, shelf, named)
    if named:
        rows = [{"shelf": shelf, "id": name, "deleted": deleted, "at": now} for name in named]
        tx.execute(insert(edits), rows)


def clear_edits(tx: Connection, shelf: str, ids: Sequence[str]) -> None:
    """These records are as a file says again."""
    for some in chunks(ids):
        tx.execute(delete(edits).where(edits.c.shelf == shelf, edits.c.id.in_(some)))


def list_edits(tx: Connection) -> list[RegistryEdit]:
    """All of them, by shelf and id."""
    rows = tx.execute(
        select(edits.c.shelf, edits.c.id, edits.c.deleted, edits.c.at).order_by(edits.c.shelf, edits.c.id)
    )
    return [RegistryEdit(*row) for row in rows]
