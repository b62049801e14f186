"""Overrides of the roster, swaps of shifts, and links of personal calendars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from domain import Instant
from domain.rosters import Override, Swap, SwapState
from store.database.registry.changes import bump_version
from store.database.registry.tables import calendar_links, overrides, swaps
from store.database.sql import chunks, insert_rows

S = TypeVar("S", Override, Swap)


class CalendarLink(Struct, frozen=True):
    """A link to the calendar of a person's shifts; `token` is the SHA-256 of its secret."""

    token: str
    person: str
    made_at: Instant
    made_by: str


def _record(row: RowMapping, shape: type[S]) -> S:
    return msgspec.convert({str(name): value for name, value in row.items()}, shape)


def add_overrides(tx: Connection, records: Iterable[Override], now: Instant) -> None:
    """Store overrides, those of the same id in place of the earlier ones; each takes effect at the next reload."""
    rows = [msgspec.to_builtins(record) for record in records]
    for part in chunks([row["id"] for row in rows]):
        tx.execute(delete(overrides).where(overrides.c.id.in_(part)))
    insert_rows(tx, overrides, rows)
    if rows:
        bump_version(tx, now, overrides.name, [row["id"] for row in rows])


def get_override(tx: Connection, override_id: str) -> Override | None:
    """The override of this id."""
    row = tx.execute(select(overrides).where(overrides.c.id == override_id)).mappings().one_or_none()
    return None if row is None else _record(row, Override)


def remove_override(tx: Connection, override_id: str, now: Instant) -> bool:
    """Remove an override; what the roster says without it holds again. False when there is none."""
    removed = tx.execute(delete(overrides).where(overrides.c.id == override_id)).rowcount > 0
    if removed:
        bump_version(tx, now, overrides.name, [override_id])
    return removed


def remove_overrides_of_swap(tx: Connection, swap_id: str, now: Instant) -> None:
    """Remove both halves of a swap."""
    removed = tx.execute(select(overrides.c.id).where(overrides.c.swap == swap_id)).scalars().all()
    tx.execute(delete(overrides).where(overrides.c.swap == swap_id))
    if removed:
        bump_version(tx, now, overrides.name, removed)


def purge_overrides(tx: Connection, before: Instant, now: Instant) -> int:
    """Delete overrides and swaps that ended before an instant; returns how many."""
    ended = tx.execute(select(overrides.c.id).where(overrides.c.until < before)).scalars().all()
    tx.execute(delete(overrides).where(overrides.c.until < before))
    if ended:
        bump_version(tx, now, overrides.name, ended)
    return len(ended) + tx.execute(delete(swaps).where(swaps.c.until < before, swaps.c.expires_at < before)).rowcount


def erase_reasons(tx: Connection, person: str, now: Instant) -> None:
    """Reasons of leaves and swaps say who was ill."""
    own = overrides.c.person == person
    erased = tx.execute(select(overrides.c.id).where(own)).scalars().all()
    tx.execute(update(overrides).where(own).values(reason="", leave=""))
    if erased:
        bump_version(tx, now, overrides.name, erased)
    concerned = or_(swaps.c.asker == person, swaps.c.other == person)
    tx.execute(update(swaps).where(concerned).values(reason="", answer_reason=""))


def add_swap(tx: Connection, swap: Swap) -> None:
    """Store a proposed swap."""
    tx.execute(insert(swaps).values(**msgspec.to_builtins(swap)))


def get_swap(tx: Connection, swap_id: str) -> Swap | None:
    """The swap of this id."""
    row = tx.execute(select(swaps).where(swaps.c.id == swap_id)).mappings().one_or_none()
    return None if row is None else _record(row, Swap)


def list_swaps(tx: Connection, limit: int) -> list[Swap]:
    """Swaps, the last proposed first."""
    query = select(swaps).order_by(swaps.c.proposed_at.desc(), swaps.c.id.desc()).limit(limit)
    return [_record(row, Swap) for row in tx.execute(query).mappings()]


def settle_swap(tx: Connection, swap: Swap, expected: SwapState) -> bool:
    """Store a swap's new state; False when it was not in the expected state any more."""
    row = {name: value for name, value in msgspec.to_builtins(swap).items() if name != "id"}
    changed = tx.execute(
        update(swaps).where(swaps.c.id == swap.id, swaps.c.state == expected.value).values(**row)
    ).rowcount
    return changed > 0


def add_calendar_link(tx: Connection, link: CalendarLink) -> None:
    """Store a link to a person's calendar."""
    tx.execute(insert(calendar_links).values(**msgspec.to_builtins(link)))


def person_of_calendar_link(tx: Connection, token: str) -> str | None:
    """The person whose calendar a link shows; None for one that is unknown or revoked."""
    person: str | None = tx.execute(
        select(calendar_links.c.person).where(calendar_links.c.token == token)
    ).scalar_one_or_none()
    return person


def revoke_calendar_links(tx: Connection, person: str) -> int:
    """Delete every link to a person's calendar; returns how many."""
    return tx.execute(delete(calendar_links).where(calendar_links.c.person == person)).rowcount
