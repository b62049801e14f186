"""Snapshots of a state in memory, with the journal position they stand for: replay goes on from there."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection, select

from domain import Instant, Lane
from store.database.sql import upsert
from store.database.system.tables import checkpoints


class Checkpoint(Struct, frozen=True):
    """A state as bytes, after every entry up to and including `cursor`."""

    name: str
    cursor: dict[Lane, int]
    saved_at: Instant
    blob: bytes


def save(tx: Connection, name: str, cursor: Mapping[Lane, int], now: Instant, blob: bytes) -> None:
    """Keep this state in place of the former one of that name."""
    values = {"cursor": {Lane(lane).value: pos for lane, pos in cursor.items()}, "saved_at": now, "state": blob}
    upsert(tx, checkpoints, {"name": name}, values)


def load(tx: Connection, name: str) -> Checkpoint | None:
    """The state last saved under this name."""
    row = tx.execute(select(checkpoints).where(checkpoints.c.name == name)).first()
    if row is None:
        return None
    cursor = {Lane(lane): pos for lane, pos in row.cursor.items()}
    return Checkpoint(row.name, cursor, row.saved_at, row.state)
