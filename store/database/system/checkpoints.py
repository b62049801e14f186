"""Snapshots of in-memory state with their journal positions. A restart replays the journal from there."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection, select

from domain import Instant, Lane
from store.database.sql import upsert
from store.database.system.tables import checkpoints


class Checkpoint(Struct, frozen=True):
    """The state as bytes, after every entry up to and including the position of each lane in `cursor`."""

    name: str
    cursor: dict[Lane, int]
    saved_at: Instant
    blob: bytes


def save(tx: Connection, name: str, cursor: Mapping[Lane, int], now: Instant, blob: bytes) -> None:
    """Store a state; it replaces the previous one of that name."""
    values = {"cursor": {Lane(lane).value: pos for lane, pos in cursor.items()}, "saved_at": now, "state": blob}
    upsert(tx, checkpoints, {"name": name}, values)


def load(tx: Connection, name: str) -> Checkpoint | None:
    """The state last saved under this name."""
    row = tx.execute(select(checkpoints).where(checkpoints.c.name == name)).first()
    if row is None:
        return None
    cursor = {Lane(lane): pos for lane, pos in row.cursor.items()}
    return Checkpoint(row.name, cursor, row.saved_at, row.state)


def ledger_positions(tx: Connection) -> tuple[str, dict[Lane, int]]:
    """The newest migration, and the positions of all checkpoints together."""
    schema = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    positions: dict[Lane, int] = {}
    for (cursor,) in tx.execute(select(checkpoints.c.cursor)):
        positions |= {Lane(lane): pos for lane, pos in cursor.items()}
    return str(schema), positions
