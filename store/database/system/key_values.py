"""Settings that people change while the house runs, and small facts it must remember: a name and a JSON value."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from domain import Instant
from store.database.sql import upsert
from store.database.system.tables import settings


def get(tx: Connection, key: str, default: Any = None) -> Any:
    """The value kept under this name, or the default."""
    found = tx.execute(select(settings.c.value).where(settings.c.key == key)).first()
    return default if found is None else found.value


def put(tx: Connection, key: str, value: Any, now: Instant) -> None:
    """Keep a value under this name in place of the former one."""
    upsert(tx, settings, {"key": key}, {"value": value, "updated_at": now})
