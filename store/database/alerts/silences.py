"""Silences and the findings they hold."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from alerts.alert import State
from alerts.silence import HeldFinding, HeldState, Matchers, Silence
from domain import Finding, Instant
from store.database.alerts.silence_tables import silenced_findings as held_rows
from store.database.alerts.silence_tables import silences
from store.database.alerts.tables import alerts
from store.database.sql import Page, page_of

_FINDING: Final = msgspec.json.Decoder(Finding)
_END: Final = func.coalesce(silences.c.ended_at, silences.c.until)
"""When a silence ends: at `until`, or earlier when a person ended it."""

# Built once, because they run for every finding: SQLAlchemy caches the compiled form of a statement object.
_ACTIVE_AT = (
    select(silences).where(silences.c.since <= bindparam("now"), bindparam("now") < _END).order_by(silences.c.id)
)
_HELD = select(held_rows).where(held_rows.c.finding == bindparam("finding"))
_FIRST_HELD_END = (
    select(func.min(_END))
    .join_from(held_rows, silences, held_rows.c.silence == silences.c.id)
    .where(held_rows.c.state == HeldState.HELD.value)
)
_FIRST_INFORMED_END = (
    select(func.min(_END))
    .join_from(alerts, silences, alerts.c.silence == silences.c.id)
    .where(alerts.c.state == State.SHELVED.value)
)


def create_silence(tx: Connection, silence: Silence) -> Silence:
    """Insert a silence; returns it with its id."""
    values = {**msgspec.structs.asdict(silence), "matchers": msgspec.to_builtins(silence.matchers)}
    del values["id"]
    key = tx.execute(insert(silences).values(**values)).inserted_primary_key
    assert key is not None
    return msgspec.structs.replace(silence, id=int(key[0]))


def get_silence(tx: Connection, silence: int) -> Silence | None:
    """The silence with this id."""
    row = tx.execute(select(silences).where(silences.c.id == silence)).first()
    return None if row is None else _silence(row)


def end_silence(tx: Connection, silence: int, by: str, now: Instant) -> Silence | None:
    """End a silence before its time; returns it. None when it does not exist or has ended."""
    stored = get_silence(tx, silence)
    if stored is None or now >= stored.over_at:
        return None
    tx.execute(update(silences).where(silences.c.id == silence).values(ended_at=now, ended_by=by))
    return msgspec.structs.replace(stored, ended_at=now, ended_by=by)


def list_silences(tx: Connection, limit: int, after: str | None = None) -> Page[Silence]:
    """All silences, newest first."""
    query = select(silences).order_by(silences.c.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(silences.c.id < int(after))
    return page_of([(str(row.id), _silence(row)) for row in tx.execute(query)], limit)


def active_silences(tx: Connection, now: Instant) -> list[Silence]:
    """Silences in force at `now`, oldest first."""
    return [_silence(row) for row in tx.execute(_ACTIVE_AT, {"now": now})]


def next_silence_end(tx: Connection) -> Instant | None:
    """When the first silence ends that holds a finding, or under which an alert only informs; None without one."""
    ends = [tx.execute(query).scalar() for query in (_FIRST_HELD_END, _FIRST_INFORMED_END)]
    return min((int(at) for at in ends if at is not None), default=None)


def hold_finding(tx: Connection, finding: Finding, silence: int, now: Instant) -> None:
    """Hold a finding under a silence. An already held finding keeps its values; the silence is replaced."""
    if get_held(tx, finding.id) is not None:
        tx.execute(update(held_rows).where(_is_held(finding.id)).values(silence=silence))
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
    """The held finding with this id."""
    row = tx.execute(_HELD, {"finding": finding}).first()
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
    """Held findings that match, in the order they began. `since` and `until`: begun or held between them."""
    query = select(held_rows).order_by(held_rows.c.begin, held_rows.c.finding)
    filters = ((held_rows.c.state, state), (held_rows.c.silence, silence), (held_rows.c.device, device))
    query = query.where(*(column == value for column, value in filters if value is not None))
    if since is not None and until is not None:
        query = query.where(or_(held_rows.c.begin.between(since, until), held_rows.c.at.between(since, until)))
    return [_held(row) for row in tx.execute(query)]


def settle_held(tx: Connection, finding: str, state: HeldState, now: Instant) -> None:
    """A held finding ended or was released. Final: a second call changes nothing."""
    tx.execute(update(held_rows).where(_is_held(finding)).values(state=state.value, settled_at=now))


def count_held(tx: Connection, ids: list[int]) -> dict[int, int]:
    """Number of findings that each of these silences held."""
    query = select(held_rows.c.silence, func.count()).where(held_rows.c.silence.in_(ids)).group_by(held_rows.c.silence)
    return {int(silence): int(count) for silence, count in tx.execute(query)}


def purge_silences(tx: Connection, before: Instant) -> int:
    """Delete findings settled and silences ended before an instant; returns the number of rows.

    Held findings stay, and so does every silence of a finding that stays.
    """
    settled = tx.execute(delete(held_rows).where(held_rows.c.settled_at < before)).rowcount
    referenced = select(held_rows.c.silence)
    ended = tx.execute(delete(silences).where(before > _END, silences.c.id.not_in(referenced))).rowcount
    return settled + ended


def _silence(row: Row[Any]) -> Silence:
    columns = dict(row._mapping)
    return Silence(**{**columns, "matchers": msgspec.convert(columns["matchers"], Matchers)})


def _is_held(finding: str) -> ColumnElement[bool]:
    return and_(held_rows.c.finding == finding, held_rows.c.state == HeldState.HELD.value)


def _held(row: Row[Any]) -> HeldFinding:
    return HeldFinding(_FINDING.decode(row.told), row.silence, row.at, HeldState(row.state), row.settled_at)
