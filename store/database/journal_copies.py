"""The journal entries after the last checkpoint, on the ledger's server: what a second machine needs to take over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, delete, or_, select

from domain import Instant, Lane
from store.database.sql import chunks, insert_rows
from store.database.system.tables import journal_copies

Entry = tuple[int, Lane, Instant, int, bytes]
"""Position, lane, newest arrival, number of frames, frames as `store.journal.encode_frames` writes them."""


def add_entries(tx: Connection, entries: Sequence[Entry]) -> None:
    """Store entries; those that are there already (their commit was repeated) are replaced."""
    for part in chunks([pos for pos, *_ in entries]):
        tx.execute(delete(journal_copies).where(journal_copies.c.pos.in_(part)))
    names = ("pos", "lane", "received", "n", "frames")
    insert_rows(tx, journal_copies, [dict(zip(names, entry, strict=True)) for entry in entries])


def delete_entries(tx: Connection, positions: Mapping[Lane, int]) -> None:
    """Delete the entries up to the checkpoint's positions: its state contains them."""
    passed = [and_(journal_copies.c.lane == lane.value, journal_copies.c.pos <= pos) for lane, pos in positions.items()]
    if passed:
        tx.execute(delete(journal_copies).where(or_(*passed)))


def list_entries(tx: Connection) -> list[Entry]:
    """All entries, oldest first."""
    rows = tx.execute(select(journal_copies).order_by(journal_copies.c.pos))
    return [(row.pos, Lane(row.lane), row.received, row.n, bytes(row.frames)) for row in rows]
