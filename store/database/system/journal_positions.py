"""How far each reader of the journal has come, kept in the same transaction as what it wrote."""

from __future__ import annotations

from sqlalchemy import Connection, select

from domain import Lane
from store.database.sql import upsert
from store.database.system.tables import cursors


def positions(tx: Connection, reader: str) -> dict[Lane, int]:
    """The last journal position of each lane that this reader has dealt with."""
    rows = tx.execute(select(cursors.c.lane, cursors.c.pos).where(cursors.c.reader == reader))
    return {Lane(row.lane): row.pos for row in rows}


def advance(tx: Connection, reader: str, lane: Lane, pos: int) -> bool:
    """Go on to a position. False, and no change, when the reader had been there before: a replay."""
    if pos <= positions(tx, reader).get(lane, 0):
        return False
    upsert(tx, cursors, {"reader": reader, "lane": lane.value}, {"pos": pos})
    return True
