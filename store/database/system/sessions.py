"""Browser sessions: listed and revocable, also after a restart. The cookie is signed and names the session's id."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from domain import Instant
from store.database.system.tables import sessions


class Session(Struct, frozen=True):
    """A session: opened with a token (`link`: a worker's link) or by a user, from this address with this browser."""

    id: str
    token: str
    user: str | None
    person: str | None
    opened_at: Instant
    seen_at: Instant
    expires_at: Instant
    ended_at: Instant | None = None
    address: str = ""
    agent: str = ""


def create(tx: Connection, session: Session) -> None:
    """Store a new session."""
    tx.execute(insert(sessions).values(**{name: getattr(session, name) for name in Session.__struct_fields__}))


def get(tx: Connection, session_id: str, now: Instant) -> Session | None:
    """The session with this id, unless it ended."""
    row = tx.execute(select(sessions).where(sessions.c.id == session_id, *_open(now))).first()
    return None if row is None else Session(*row)


def list_open(tx: Connection, now: Instant, user: str | None = None, limit: int = 1000) -> list[Session]:
    """Open sessions, of one user or of everybody, last seen first."""
    query = select(sessions).where(*_open(now)).order_by(sessions.c.seen_at.desc(), sessions.c.id).limit(limit)
    return [Session(*row) for row in tx.execute(query if user is None else query.where(sessions.c.user == user))]


def seen(tx: Connection, session_id: str, now: Instant) -> None:
    """The session was used."""
    tx.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=now))


def end(tx: Connection, session_id: str, now: Instant) -> bool:
    """End a session. False when it does not exist or ended before."""
    return _end(tx, now, sessions.c.id == session_id) > 0


def end_of_user(tx: Connection, user: str, now: Instant, but: str | None = None) -> int:
    """End every session of a user, but the one with the id `but`; returns how many."""
    return _end(tx, now, sessions.c.user == user, sessions.c.id.is_distinct_from(but))


def purge(tx: Connection, before: Instant) -> int:
    """Delete sessions that expired before an instant; returns how many."""
    return tx.execute(delete(sessions).where(sessions.c.expires_at < before)).rowcount


def _open(now: Instant) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return sessions.c.ended_at.is_(None), sessions.c.expires_at > now


def _end(tx: Connection, now: Instant, *conditions: ColumnElement[bool]) -> int:
    return tx.execute(update(sessions).where(*_open(now), *conditions).values(ended_at=now)).rowcount
