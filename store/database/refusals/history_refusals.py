"""Values that the history server refused: stored up to a limit per reason and day, then only counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from domain import DAY, Instant
from store.database.refusals.history_tables import history_refusal_counts, history_refusals
from store.database.sql import Page, page_of, upsert
from store.refused_values import HistoryRefusalReason, RefusedValue

KEPT_A_DAY: Final = 1_000
"""For each reason. A device that was away for a month sends more values than anyone will read."""
_COLUMNS: Final = ("device", "quantity", "at", "value", "reason", "sentence")


class StoredHistoryRefusal(Struct, frozen=True):
    """A refused value with its number and when it was refused."""

    n: int
    refused_at: Instant
    refused: RefusedValue


def store_history_refusals(
    tx: Connection, refused: Sequence[RefusedValue], now: Instant, limit: int = KEPT_A_DAY
) -> int:
    """Store refused values; returns how many were stored. One that is stored already is left out.

    Beyond the limit nothing tells what was refused before: a value that is sent again then counts again.
    """
    groups: dict[HistoryRefusalReason, list[RefusedValue]] = {}
    for value in refused:
        groups.setdefault(value.reason, []).append(value)
    rows: list[dict[str, Any]] = []
    for reason, values in groups.items():
        rows += _rows_within_limit(tx, reason, values, now, limit)
    if rows:
        tx.execute(insert(history_refusals), rows)
    return len(rows)


def list_history_refusals(tx: Connection, limit: int, after: str | None = None) -> Page[StoredHistoryRefusal]:
    """Refused values, newest refusal first."""
    columns = history_refusals.c
    query = select(history_refusals).order_by(columns.refused_at.desc(), columns.n.desc())
    if after is not None:
        refused_at, n = (int(part) for part in after.split(":"))
        query = query.where(or_(columns.refused_at < refused_at, and_(columns.refused_at == refused_at, columns.n < n)))
    rows = [_stored(row) for row in tx.execute(query.limit(limit + 1))]
    return page_of([(f"{row.refused_at}:{row.n}", row) for row in rows], limit)


def count_history_refusals(tx: Connection, since: Instant = 0) -> dict[HistoryRefusalReason, int]:
    """Refused values by reason, of the days that end after an instant; stored ones and those that were only counted."""
    columns = history_refusal_counts.c
    query = select(columns.reason, func.sum(columns.kept + columns.counted)).where(columns.day > since - DAY)
    return {HistoryRefusalReason(row[0]): int(row[1]) for row in tx.execute(query.group_by(columns.reason))}


def purge_history_refusals(tx: Connection, before: Instant) -> int:
    """Delete refusals and counts older than an instant; returns how many stored refusals were deleted."""
    tx.execute(delete(history_refusal_counts).where(history_refusal_counts.c.day + DAY <= before))
    return tx.execute(delete(history_refusals).where(history_refusals.c.refused_at < before)).rowcount


def _rows_within_limit(
    tx: Connection, reason: HistoryRefusalReason, values: Sequence[RefusedValue], now: Instant, limit: int
) -> list[dict[str, Any]]:
    """The rows of a reason within the limit of the day. The count of the day includes all values that are new."""
    key: Mapping[str, Any] = {"reason": reason.value, "day": now - now % DAY}
    columns = history_refusal_counts.c
    query = select(columns.kept, columns.counted).where(*(columns[name] == value for name, value in key.items()))
    kept, counted = tx.execute(query).first() or (0, 0)
    room, taken, beyond = max(0, limit - kept), list[RefusedValue](), 0
    for value in {(value.device, value.quantity, value.at): value for value in values}.values():
        if len(taken) >= room:
            beyond += 1
        elif not _is_stored(tx, value):
            taken.append(value)
    upsert(tx, history_refusal_counts, key, {"kept": kept + len(taken), "counted": counted + beyond})
    return [{"refused_at": now, **{name: getattr(value, name) for name in _COLUMNS}} for value in taken]


def _is_stored(tx: Connection, value: RefusedValue) -> bool:
    columns = history_refusals.c
    same = (columns[name] == getattr(value, name) for name in ("device", "quantity", "at", "reason"))
    return tx.execute(select(columns.n).where(*same)).first() is not None


def _stored(row: Any) -> StoredHistoryRefusal:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    columns["reason"] = HistoryRefusalReason(row.reason)
    return StoredHistoryRefusal(row.n, row.refused_at, RefusedValue(**columns))
