"""Refused messages: stored up to a limit per source, reason and hour, then only counted. None is lost.

A refusal is stored under the journal position it came from, so that a replay neither stores nor counts it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update

from domain import HOUR, Identity, Instant, Lane, RefusalReason
from domain.identities import canonical, is_case_insensitive
from ingest.results import Refusal
from store.database.refusals.tables import refusal_counts, refusals
from store.database.sql import Page, page_of, upsert
from store.database.system import journal_positions

READER = "refusals"
"""Name of the journal position of the stored refusals."""

_COLUMNS = tuple(name for name in Refusal.__struct_fields__ if name in refusals.c)


class StoredRefusal(Struct, frozen=True):
    """A refusal with its number and the journal position of its frame."""

    n: int
    lane: Lane
    pos: int
    refusal: Refusal


class RefusalCount(Struct, frozen=True):
    """Refusals of one source for one reason: `kept` are stored, `counted` are beyond the limit of their hour."""

    source: str
    reason: RefusalReason
    kept: int
    counted: int


class RefusalFilter(Struct, frozen=True):
    """Which refusals are meant; None matches all. `since` is included, `until` is not.

    `identity`: as the platform wrote it. `named`: of devices with one of these identities.
    """

    source: str | None = None
    reason: RefusalReason | None = None
    identity: str | None = None
    named: Sequence[Identity] = ()
    since: Instant | None = None
    until: Instant | None = None


EVERY_REFUSAL: Final = RefusalFilter()


def store_refusals(tx: Connection, lane: Lane, pos: int, batch: Sequence[Refusal], limit: int) -> int:
    """Store the refusals of one journal entry and advance the reader; returns how many were stored.

    An entry at or before the reader's position was stored before: nothing happens. Entries without refusals may be
    left out: the position may lag behind the journal, never be ahead of it.
    """
    if not journal_positions.advance(tx, READER, lane, pos):
        return 0
    groups: dict[tuple[str, RefusalReason, Instant], list[tuple[int, Refusal]]] = {}
    for ordinal, refusal in enumerate(batch):
        if refusal.replayed and _update_replayed(tx, lane, pos, ordinal, refusal):
            continue
        hour = refusal.at - refusal.at % HOUR
        groups.setdefault((refusal.source, refusal.reason, hour), []).append((ordinal, refusal))
    rows: list[dict[str, Any]] = []
    for group, members in groups.items():
        rows += _rows_within_limit(tx, lane, pos, group, members, limit)
    if rows:
        tx.execute(insert(refusals), rows)
    return len(rows)


def list_refusals(
    tx: Connection, limit: int, after: str | None = None, filters: RefusalFilter = EVERY_REFUSAL
) -> Page[StoredRefusal]:
    """Stored refusals, newest first."""
    query = filtered_query(filters).order_by(refusals.c.at.desc(), refusals.c.n.desc())
    if after is not None:
        at, n = (int(part) for part in after.split(":"))
        query = query.where(or_(refusals.c.at < at, and_(refusals.c.at == at, refusals.c.n < n)))
    page = [stored_refusal(row) for row in tx.execute(query.limit(limit + 1))]
    return page_of([(f"{stored.refusal.at}:{stored.n}", stored) for stored in page], limit)


def count_refusals(tx: Connection, filters: RefusalFilter = EVERY_REFUSAL) -> list[RefusalCount]:
    """Numbers of refusals by source and reason, largest first. The period is extended to whole hours.

    Counts have no identity: of the filters only source, reason and the period apply.
    """
    columns = refusal_counts.c
    kept, counted = func.sum(columns.kept), func.sum(columns.counted)
    query = select(columns.source, columns.reason, kept, counted).group_by(columns.source, columns.reason)
    since = None if filters.since is None else filters.since - filters.since % HOUR
    query = query.where(
        *_equal((columns.source, filters.source), (columns.reason, filters.reason)),
        *_within(columns.hour, since, filters.until),
    )
    rows = tx.execute(query.order_by((kept + counted).desc(), columns.source, columns.reason))
    return [RefusalCount(row[0], RefusalReason(row[1]), int(row[2]), int(row[3])) for row in rows]


def purge_refusals(tx: Connection, before: Instant) -> int:
    """Delete refusals and counts older than an instant; returns how many stored refusals were deleted."""
    tx.execute(delete(refusal_counts).where(refusal_counts.c.hour + HOUR <= before))
    return tx.execute(delete(refusals).where(refusals.c.at < before)).rowcount


def _rows_within_limit(
    tx: Connection,
    lane: Lane,
    pos: int,
    group: tuple[str, RefusalReason, Instant],
    members: Sequence[tuple[int, Refusal]],
    limit: int,
) -> list[dict[str, Any]]:
    """The rows of a group within the limit of its hour. The group's count includes all members."""
    key = dict(zip(("source", "reason", "hour"), group, strict=True))
    query = select(refusal_counts.c.kept, refusal_counts.c.counted).where(
        *(refusal_counts.c[name] == value for name, value in key.items())
    )
    kept, counted = tx.execute(query).first() or (0, 0)
    room = max(0, limit - kept)
    values = {"kept": kept + len(members[:room]), "counted": counted + len(members[room:])}
    upsert(tx, refusal_counts, key, values)
    return [_row(lane, pos, ordinal, refusal) for ordinal, refusal in members[:room]]


def _update_replayed(tx: Connection, lane: Lane, pos: int, ordinal: int, refusal: Refusal) -> bool:
    """A replayed message that was refused again updates its row: new position and reason, and it may be replayed
    again. False when its row no longer exists."""
    same = [refusals.c[name] == getattr(refusal, name) for name in ("at", "source", "topic", "payload")]
    other_position = or_(refusals.c.lane != lane.value, refusals.c.pos != pos)
    query = select(refusals.c.n).where(
        *same, refusals.c.identity.is_not_distinct_from(refusal.identity), other_position
    )
    n = tx.execute(query.order_by(refusals.c.n).limit(1)).scalar()
    if n is not None:
        row = _row(lane, pos, ordinal, refusal)
        tx.execute(update(refusals).where(refusals.c.n == n).values(**row, replayed_at=None))
    return n is not None


def _row(lane: Lane, pos: int, ordinal: int, refusal: Refusal) -> dict[str, Any]:
    columns = {name: _storable(getattr(refusal, name)) for name in _COLUMNS}
    return {**columns, "lane": lane.value, "pos": pos, "ordinal": ordinal, "reason": refusal.reason.value}


def _storable(value: Any) -> Any:
    # A refused message may contain text that no database stores; its payload column keeps the bytes.
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def stored_refusal(row: Any) -> StoredRefusal:
    """A row of the table as a value."""
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return StoredRefusal(row.n, Lane(row.lane), row.pos, Refusal(**{**columns, "reason": RefusalReason(row.reason)}))


def filtered_query(filters: RefusalFilter) -> Select[Any]:
    """The stored refusals that match."""
    columns = refusals.c
    query = select(refusals).where(
        *_equal(
            (columns.source, filters.source), (columns.reason, filters.reason), (columns.identity, filters.identity)
        ),
        *_within(columns.at, filters.since, filters.until),
    )
    return query.where(or_(*(_has_identity(name) for name in filters.named))) if filters.named else query


def _equal(*pairs: tuple[ColumnElement[Any], str | None]) -> Iterator[ColumnElement[bool]]:
    return (column == value for column, value in pairs if value is not None)


def _within(column: ColumnElement[Any], since: Instant | None, until: Instant | None) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def _has_identity(name: Identity) -> ColumnElement[bool]:
    """Compared like identities of devices: EUIs and IEEE addresses in either case."""
    column = refusals.c.identity
    if is_case_insensitive(name.platform, name.id):
        return and_(refusals.c.platform == name.platform, func.lower(column) == canonical(name.platform, name.id))
    return and_(refusals.c.platform == name.platform, column == name.id)
