"""Registry records that were changed over the API. The site's files no longer overwrite them at the next start.

A record without an entry is as the site's files define it, or was in none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from domain import Instant
from store.database.registry.tables import edits
from store.database.sql import chunks, insert_rows


class RegistryEdit(Struct, frozen=True):
    """One record that was written or, if `deleted`, removed over the API. `resource`: places, cells, people, duties or
    devices."""

    resource: str
    id: str
    deleted: bool
    at: Instant


def record_edits(tx: Connection, resource: str, ids: Iterable[str], now: Instant, *, deleted: bool = False) -> None:
    """Record that these records were changed over the API."""
    changed = list(dict.fromkeys(ids))
    clear_edits(tx, resource, changed)
    insert_rows(tx, edits, [{"shelf": resource, "id": id_, "deleted": deleted, "at": now} for id_ in changed])


def clear_edits(tx: Connection, resource: str, ids: Sequence[str]) -> None:
    """Record that these records are as the site's files define them again."""
    for part in chunks(ids):
        tx.execute(delete(edits).where(edits.c.shelf == resource, edits.c.id.in_(part)))


def list_edits(tx: Connection) -> list[RegistryEdit]:
    """All entries, by resource and id."""
    rows = tx.execute(
        select(edits.c.shelf, edits.c.id, edits.c.deleted, edits.c.at).order_by(edits.c.shelf, edits.c.id)
    )
    return [RegistryEdit(*row) for row in rows]
