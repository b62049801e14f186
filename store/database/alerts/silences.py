"""Silences in the ledger, and the findings they cover: kept, counted, and told when a silence ends."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from alerts.silence import HeldFinding, HeldState, Matchers, Silence
from domain import Finding, Instant
from store.database.alerts.silence_tables import silenced_findings as held_rows
from store.database.alerts.silence_tables import silences
from store.database.sql import Page, page_of

_FINDING: Final = msgspec.json.Decoder(Finding)
_END: Final = func.coalesce(silences.c.ended_at, silences.c.until)
"""A silence is ended before its `until` or not at all."""


def create_silence(tx: Connection, silence: Silence) -> Silence:
    """Keep a new silence; the one returned bears its number."""
    values = {**msgspec.structs.asdict(silence), "matchers": msgspec.to_builtins(silence.matchers)}
    del values["id"]
    number = tx.execute(insert(silences).values(**values)).inserted_primary_key
    assert number is not None
    return msgspec.structs.replace(silence, id=int(number[0]))


def get_silence(tx: Connection, number: int) -> Silence | None:
    row = tx.execute(select(silences).where(silences.c.id == number)).first()
    return None if row is None else _silence(row)


def end_silence(tx: Connection, number: int, by: str, now: Instant) -> Silence | None:
    """End a silence before its time. None when there is no such silence, or it is over."""
    found = get_silence(tx, number)
    if found is None or now >= found.over_at:
        return None
    tx.execute(update(silences).where(silences.c.id == number).values(ended_at=now, ended_by=by))
    return msgspec.structs.replace(found, ended_at=now, ended_by=by)


def list_silences(tx: Connection, limit: int, after: str | None = None) -> Page[Silence]:
    """Every silence there was, the newest first."""
    query = select(silences).order_by(silences.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(silences.c.id < int(after))
    return page_of([(str(row.id), _silence(row)) for row in tx.execute(query)], limit)


def active_silences(tx: Connection, now: Instant) -> list[Silence]:
    """Those that cover something now, the oldest first."""
    rows = tx.execute(select(silences).where(silences.c.since <= now, now < _END).order_by(silences.c.id))
    return [_silence(row) for row in rows]


def next_silence_end(tx: Connection) -> Instant | None:
    """When the first silence under which a finding is held is over."""
    joined = select(func.min(_END)).join_from(held_rows, silences, held_rows.c.silence == silences.c.id)
    found = tx.execute(joined.where(held_rows.c.state == HeldState.HELD.value)).scalar()
    return None if found is None else int(found)


def hold_finding(tx: Connection, finding: Finding, silence: int, now: Instant) -> None:
    """Keep a finding under a silence. Held before, it stays as it began and goes over to this silence."""
    known = get_held(tx, finding.id)
    if known is not None:
        mine = and_(held_rows.c.finding == finding.id, held_rows.c.state == HeldState.HELD.value)
        tx.execute(update(held_rows).where(mine).values(silence=silence))
        return
    values = {
        "finding": finding.id,
        "silence": silence,
        "device": finding.device,
        "begin": finding.begin,
        "told": msgspec.json.encode(finding).decode(),
        "at": now,
        "state": HeldState.HELD.value,
    }
    tx.execute(insert(held_rows).values(**values))


def get_held(tx: Connection, finding: str) -> HeldFinding | None:
    row = tx.execute(select(held_rows).where(held_rows.c.finding == finding)).first()
    return None if row is None else _held(row)


def list_held(
    tx: Connection,
    *,
    state: HeldState | None = None,
    silence: int | None = None,
    device: str | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[HeldFinding]:
    """Findings that were covered, in the order they began. `since` and `until`: begun or heard between them."""
    query = select(held_rows).order_by(held_rows.c.begin, held_rows.c.finding)
    equal = ((held_rows.c.state, state), (held_rows.c.silence, silence), (held_rows.c.device, device))
    query = query.where(*(column == wanted for column, wanted in equal if wanted is not None))
    if since is not None and until is not None:
        query = query.where(or_(held_rows.c.begin.between(since, until), held_rows.c.at.between(since, until)))
    return [_held(row) for row in tx.execute(query)]


def settle_held(tx: Connection, finding: str, state: HeldState, now: Instant) -> None:
    """A held finding ended, or was told."""
    mine = and_(held_rows.c.finding == finding, held_rows.c.state == HeldState.HELD.value)
    tx.execute(update(held_rows).where(mine).values(state=state.value, settled_at=now))


def count_held(tx: Connection, of: list[int]) -> dict[int, int]:
    """How many findings each of these silences covered."""
    query = select(held_rows.c.silence, func.count()).where(held_rows.c.silence.in_(of)).group_by(held_rows.c.silence)
    return {int(silence): int(number) for silence, number in tx.execute(query)}


def purge_silences(tx: Connection, before: Instant) -> int:
    """Forget findings settled and silences over before an instant; how many rows that was. What is still held stays,
    and so does the silence that holds or held something kept."""
    settled = tx.execute(delete(held_rows).where(held_rows.c.settled_at < before)).rowcount
    holding = select(held_rows.c.silence)
    over = tx.execute(delete(silences).where(before > _END, silences.c.id.not_in(holding))).rowcount
    return settled + over


def _silence(row: Row[Any]) -> Silence:
    found = dict(row._mapping)
    return Silence(**{**found, "matchers": msgspec.convert(found["matchers"], Matchers)})


def _held(row: Row[Any]) -> HeldFinding:
    return HeldFinding(_FINDING.decode(row.told), row.silence, row.at, HeldState(row.state), row.settled_at)
