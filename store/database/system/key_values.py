"""Small facts by name: a key and a JSON value."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from domain import Instant
from store.database.sql import upsert
from store.database.system.tables import settings


def get(tx: Connection, key: str, default: Any = None) -> Any:
    """The value under this key, or the default."""
    row = tx.execute(select(settings.c.value).where(settings.c.key == key)).first()
    return default if row is None else row.value


def put(tx: Connection, key: str, value: Any, now: Instant) -> None:
    """Store a value; it replaces the previous one."""
    upsert(tx, settings, {"key": key}, {"value": value, "updated_at": now})
