"""The journal position of each reader, stored in the same transaction as the rows it wrote."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from domain import Lane
from store.database.sql import upsert
from store.database.system.tables import cursors

_POSITIONS = select(cursors.c.lane, cursors.c.pos).where(cursors.c.reader == bindparam("reader"))


def positions(tx: Connection, reader: str) -> dict[Lane, int]:
    """The last journal position of each lane that this reader has processed."""
    rows = tx.execute(_POSITIONS, {"reader": reader})
    return {Lane(row.lane): row.pos for row in rows}


def advance(tx: Connection, reader: str, lane: Lane, pos: int) -> bool:
    """Advance to a position. False, and no change, when the reader has processed it before: a replay."""
    if pos <= positions(tx, reader).get(lane, 0):
        return False
    upsert(tx, cursors, {"reader": reader, "lane": lane.value}, {"pos": pos})
    return True
