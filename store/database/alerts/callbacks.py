"""Provider callbacks already processed: a repeated one has no effect, also after a restart."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert, select

from domain import DAY, Instant
from store.database.alerts.silence_tables import taken_callbacks

RETENTION_MS: Final = 7 * DAY
"""Signed callbacks expire after minutes; an unsigned one is repeated by its provider for hours."""


def record_once(tx: Connection, key: str, now: Instant) -> bool:
    """Record a key. False, and no change, when it was recorded before."""
    if tx.execute(select(taken_callbacks.c.key).where(taken_callbacks.c.key == key)).first() is not None:
        return False
    tx.execute(delete(taken_callbacks).where(taken_callbacks.c.at < now - RETENTION_MS))
    tx.execute(insert(taken_callbacks).values(key=key, at=now))
    return True
