"""Which pushes of providers were taken, so that one that comes again does nothing: after a restart too."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from domain import DAY, Instant
from store.database.alerts.silence_tables import taken_callbacks

RETENTION_MS: Final = 7 * DAY
"""A sealed push is refused by its age after minutes; an unsigned one is repeated by its provider for hours."""


def record_once(tx: Connection, key: str, now: Instant) -> bool:
    """Take note of a key. False, and no change, when it is known."""
    if tx.execute(select(taken_callbacks.c.key).where(taken_callbacks.c.key == key)).first() is not None:
        return False
    tx.execute(delete(taken_callbacks).where(taken_callbacks.c.at < now - RETENTION_MS))
    tx.execute(insert(taken_callbacks).values(key=key, at=now))
    return True
