"""Access tokens: only their hash is kept. Who makes a token and how it is hashed is the console's business."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from domain import Instant
from store.database.system.tables import tokens


class Token(Struct, frozen=True):
    """What a token allows: a role, as this person, for this place and what lies under it (None: everywhere).

    `platform`: it may push readings of this one only (None: of all).
    """

    id: str
    hash: str
    role: str
    person: str | None = None
    place: str | None = None
    created_at: Instant = 0
    revoked_at: Instant | None = None
    platform: str | None = None


def create(tx: Connection, token: Token) -> None:
    """Keep a new token. Its id and its hash must both be new."""
    columns = {name: getattr(token, name) for name in Token.__struct_fields__}
    tx.execute(insert(tokens).values(**columns))


def find_by_hash(tx: Connection, hashed: str) -> Token | None:
    """The token with this hash, if it is still good."""
    row = tx.execute(select(tokens).where(tokens.c.hash == hashed, tokens.c.revoked_at.is_(None))).first()
    return None if row is None else Token(*row)


def list_tokens(tx: Connection) -> list[Token]:
    """All tokens, revoked ones too, the newest first."""
    return [Token(*row) for row in tx.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))]


def revoke(tx: Connection, token_id: str, now: Instant) -> bool:
    """End a token. False when there is no such token or it had ended before."""
    ended = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    return tx.execute(ended).rowcount > 0
