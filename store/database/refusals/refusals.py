"""Refusals in the ledger: kept singly up to a limit per source, reason and hour, then only counted. None is lost.

They are kept under the journal position they came from, so that a replay keeps and counts nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update

from domain import HOUR, Identity, Instant, Lane, Reason
from domain.identities import canonical, in_either_case
from ingest.results import Refusal
from store.database.sql import Page, page_of, upsert
from store.database.system import journal_positions
from store.database.system.tables import refusal_counts, refusals

READER = "refusals"
"""The name under which this module keeps its journal position."""


_COLUMNS = tuple(name for name in Refusal.__struct_fields__ if name in refusals.c)


class StoredRefusal(Struct, frozen=True):
    """A refusal with its number and the place in the journal where its frame is."""

    n: int
    lane: Lane
    pos: int
    refusal: Refusal


class HourlyCount(Struct, frozen=True):
    """How many refusals one source gave for one reason in one hour: kept singly, and beyond the limit only counted."""

    source: str
    reason: Reason
    hour: Instant
    kept: int
    counted: int


class RefusalCount(Struct, frozen=True):
    """Refusals of one source for one reason: kept singly, and beyond the hour's limit only counted."""

    source: str
    reason: Reason
    kept: int
    counted: int


def store_refusals(tx: Connection, lane: Lane, pos: int, found: Sequence[Refusal], limit: int) -> int:
    """Keep the refusals of one journal entry and move the reader on; how many were kept singly.

    An entry at or before the reader's position was kept before: nothing happens. An entry without refusals need not
    be handed in: the position may lag behind, never ahead.
    """
    if not journal_positions.advance(tx, READER, lane, pos):
        return 0
    groups: dict[tuple[str, Reason, Instant], list[tuple[int, Refusal]]] = {}
    for ordinal, one in enumerate(found):
        if one.replayed and _update_replayed(tx, lane, pos, ordinal, one):
            continue
        groups.setdefault((one.source, one.reason, one.at - one.at % HOUR), []).append((ordinal, one))
    rows = [
        row for group, members in groups.items() for row in _rows_within_limit(tx, lane, pos, group, members, limit)
    ]
    if rows:
        tx.execute(insert(refusals), rows)
    return len(rows)


def list_refusals(
    tx: Connection,
    limit: int,
    after: str | None = None,
    *,
    source: str | None = None,
    reason: Reason | None = None,
    identity: str | None = None,
    named: Sequence[Identity] = (),
    since: Instant | None = None,
    until: Instant | None = None,
) -> Page[StoredRefusal]:
    """Refusals kept singly, the newest first. `since` is included, `until` is not.

    `named`: only those of a device with one of these identities.
    """
    query = filtered_query(source, reason, since, until, identity).order_by(refusals.c.at.desc(), refusals.c.n.desc())
    if named:
        query = query.where(or_(*(_has_identity(one) for one in named)))
    if after is not None:
        at, n = (int(part) for part in after.split(":"))
        query = query.where(or_(refusals.c.at < at, and_(refusals.c.at == at, refusals.c.n < n)))
    found = [stored_refusal(row) for row in tx.execute(query.limit(limit + 1))]
    return page_of([(f"{one.refusal.at}:{one.n}", one) for one in found], limit)


def _has_identity(name: Identity) -> ColumnElement[bool]:
    """Compared as the directory compares: EUIs and the like in either case."""
    said = refusals.c.identity
    if in_either_case(name.platform, name.id):
        return and_(refusals.c.platform == name.platform, func.lower(said) == canonical(name.platform, name.id))
    return and_(refusals.c.platform == name.platform, said == name.id)


def hourly_counts(tx: Connection, since: Instant = 0) -> list[HourlyCount]:
    """The counts of every hour from the one that `since` lies in, the newest hour first."""
    query = (
        select(refusal_counts)
        .where(refusal_counts.c.hour >= since - since % HOUR)
        .order_by(refusal_counts.c.hour.desc(), refusal_counts.c.source, refusal_counts.c.reason)
    )
    return [HourlyCount(row.source, Reason(row.reason), row.hour, row.kept, row.counted) for row in tx.execute(query)]


def count_refusals(
    tx: Connection,
    *,
    source: str | None = None,
    reason: Reason | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[RefusalCount]:
    """How many refusals there were by source and reason, the most first. Whole hours: counts have no minute."""
    columns = refusal_counts.c
    kept, counted = func.sum(columns.kept), func.sum(columns.counted)
    query = select(columns.source, columns.reason, kept, counted).group_by(columns.source, columns.reason)
    wanted = (
        None if source is None else columns.source == source,
        None if reason is None else columns.reason == reason.value,
        None if since is None else columns.hour >= since - since % HOUR,
        None if until is None else columns.hour < until,
    )
    query = query.where(*(condition for condition in wanted if condition is not None))
    rows = tx.execute(query.order_by((kept + counted).desc(), columns.source, columns.reason))
    return [RefusalCount(name, Reason(why), int(singly), int(rest)) for name, why, singly, rest in rows]


def purge_refusals(tx: Connection, before: Instant) -> int:
    """Forget refusals and counts older than an instant; how many single ones that were."""
    tx.execute(delete(refusal_counts).where(refusal_counts.c.hour + HOUR <= before))
    return tx.execute(delete(refusals).where(refusals.c.at < before)).rowcount


def total(tx: Connection) -> int:
    """How many refusals the ledger knows of, singly or by count."""
    everything = select(func.coalesce(func.sum(refusal_counts.c.kept + refusal_counts.c.counted), 0))
    return int(tx.execute(everything).scalar_one())


def _rows_within_limit(
    tx: Connection,
    lane: Lane,
    pos: int,
    group: tuple[str, Reason, Instant],
    members: Sequence[tuple[int, Refusal]],
    limit: int,
) -> list[dict[str, Any]]:
    """The rows of a group that are still within its hour's limit; the group's count takes note of all of them."""
    key = dict(zip(("source", "reason", "hour"), group, strict=True))
    known = select(refusal_counts.c.kept, refusal_counts.c.counted).where(
        *(refusal_counts.c[name] == value for name, value in key.items())
    )
    kept, counted = tx.execute(known).first() or (0, 0)
    room = max(0, limit - kept)
    values = {"kept": kept + len(members[:room]), "counted": counted + len(members[room:])}
    upsert(tx, refusal_counts, key, values)
    return [_row(lane, pos, ordinal, one) for ordinal, one in members[:room]]


def _update_replayed(tx: Connection, lane: Lane, pos: int, ordinal: int, one: Refusal) -> bool:
    """Tried again and refused again: it is the row it was, with the reason of today, and may be tried once more."""
    same = [refusals.c[name] == getattr(one, name) for name in ("at", "source", "topic", "payload")]
    elsewhere = or_(refusals.c.lane != lane.value, refusals.c.pos != pos)
    tried = select(refusals.c.n).where(*same, refusals.c.identity.is_not_distinct_from(one.identity), elsewhere)
    n = tx.execute(tried.order_by(refusals.c.n).limit(1)).scalar()
    if n is not None:
        tx.execute(update(refusals).where(refusals.c.n == n).values(**_row(lane, pos, ordinal, one), replayed_at=None))
    return n is not None


def _row(lane: Lane, pos: int, ordinal: int, one: Refusal) -> dict[str, Any]:
    columns = {name: _storable(getattr(one, name)) for name in _COLUMNS}
    return {**columns, "lane": lane.value, "pos": pos, "ordinal": ordinal, "reason": one.reason.value}


def _storable(value: Any) -> Any:
    # What was refused may hold what no database takes as text; the payload beside it keeps the bytes.
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def stored_refusal(row: Any) -> StoredRefusal:
    """One row of the table."""
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return StoredRefusal(row.n, Lane(row.lane), row.pos, Refusal(**{**columns, "reason": Reason(row.reason)}))


def filtered_query(
    source: str | None,
    reason: Reason | None,
    since: Instant | None,
    until: Instant | None,
    identity: str | None = None,
) -> Select[Any]:
    """The query for what these filters leave."""
    query = select(refusals)
    if source is not None:
        query = query.where(refusals.c.source == source)
    if reason is not None:
        query = query.where(refusals.c.reason == reason.value)
    if identity is not None:
        query = query.where(refusals.c.identity == identity)
    if since is not None:
        query = query.where(refusals.c.at >= since)
    if until is not None:
        query = query.where(refusals.c.at < until)
    return query
