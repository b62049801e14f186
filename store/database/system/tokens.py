"""Access tokens. Only the hash of a token is stored; the console creates and hashes them."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from domain import Instant
from store.database.system.tables import tokens


class Token(Struct, frozen=True):
    """What a token allows: a role, as this person, for this place and the places below it (None: everywhere).

    `platform`: readings may be pushed of this platform only (None: of all). A shared token has `people`.
    """

    id: str
    hash: str
    role: str
    person: str | None = None
    place: str | None = None
    created_at: Instant = 0
    revoked_at: Instant | None = None
    platform: str | None = None
    people: dict[str, str] | None = None
    """Of a shared token: the people who act with it, and a keyed digest of the PIN of each."""
    name: str | None = None
    """What it is for, in the words of whoever made it."""
    scope: str | None = None
    """A part of the role's permissions (console.security.scopes); None: all of them."""
    expires_at: Instant | None = None
    """From this instant on it is invalid; None: it does not expire."""


def create(tx: Connection, token: Token) -> None:
    """Store a new token. Raises IntegrityError when its id or its hash exists."""
    columns = {name: getattr(token, name) for name in Token.__struct_fields__}
    tx.execute(insert(tokens).values(**columns))


def find_by_hash(tx: Connection, hashed: str, now: Instant) -> Token | None:
    """The token with this hash, unless it is revoked or expired."""
    row = tx.execute(select(tokens).where(tokens.c.hash == hashed, *_valid(now))).first()
    return None if row is None else Token(*row)


def get(tx: Connection, token_id: str, now: Instant) -> Token | None:
    """The token with this id, unless it is revoked or expired."""
    row = tx.execute(select(tokens).where(tokens.c.id == token_id, *_valid(now))).first()
    return None if row is None else Token(*row)


def _valid(now: Instant) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return tokens.c.revoked_at.is_(None), or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)


def list_tokens(tx: Connection) -> list[Token]:
    """All tokens, also revoked ones, newest first."""
    return [Token(*row) for row in tx.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))]


def remove_person(tx: Connection, token: Token, person: str) -> None:
    """A person no longer shares this token: his PIN counts no more."""
    others = {name: digest for name, digest in (token.people or {}).items() if name != person}
    tx.execute(update(tokens).where(tokens.c.id == token.id).values(people=others))


def revoke(tx: Connection, token_id: str, now: Instant) -> bool:
    """Revoke a token. False when it does not exist or was revoked before."""
    statement = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    return tx.execute(statement).rowcount > 0
