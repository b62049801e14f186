"""The contents of photos in the ledger, by the SHA-256 of each: what several machines on one ledger read.

A content is stored, in a transaction of its own, before the row that refers to it; without a row it is an orphan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, delete, insert, select, update

from domain import Instant
from store.database.sql import chunks
from store.database.system.tables import photo_contents


def put_content(tx: Connection, digest: str, content: bytes, now: Instant) -> None:
    """Store a content; one that is there is no orphan of before: a row will refer to it again."""
    row = photo_contents.c.digest == digest
    if tx.execute(update(photo_contents).where(row).values(at=now)).rowcount == 0:
        tx.execute(insert(photo_contents).values(digest=digest, at=now, content=content))


def get_content(tx: Connection, digest: str) -> bytes | None:
    """A content; None where there is none with this digest."""
    found = tx.execute(select(photo_contents.c.content).where(photo_contents.c.digest == digest)).scalar()
    return None if found is None else bytes(found)


def sweep_contents(tx: Connection, before: Instant, referenced: Callable[[Collection[str]], Collection[str]]) -> int:
    """Delete the contents stored before an instant that `referenced` does not return; returns how many."""
    old = list(tx.execute(select(photo_contents.c.digest).where(photo_contents.c.at < before)).scalars())
    deleted = 0
    for part in chunks(old):
        orphans = sorted(set(part) - set(referenced(part)))
        if orphans:
            deleted += tx.execute(delete(photo_contents).where(photo_contents.c.digest.in_(orphans))).rowcount
    return deleted
