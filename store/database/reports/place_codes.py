"""Codes of places: what a QR code on a wall names in place of the place's id. A code can be revoked."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from domain import Instant
from store.database.reports.tables import place_codes


class PlaceCode(Struct, frozen=True):
    """One code of a place."""

    id: int
    place: str
    created_at: Instant
    created_by: str
    revoked_at: Instant | None = None


def get_code(tx: Connection, code: int) -> PlaceCode | None:
    """The code with this id, revoked or not."""
    row = tx.execute(select(place_codes).where(place_codes.c.id == code)).first()
    return None if row is None else PlaceCode(**row._mapping)


def valid_code(tx: Connection, place: str) -> PlaceCode | None:
    """The newest code of this place that is not revoked."""
    query = select(place_codes).where(place_codes.c.place == place, place_codes.c.revoked_at.is_(None))
    row = tx.execute(query.order_by(place_codes.c.id.desc())).first()
    return None if row is None else PlaceCode(**row._mapping)


def create_code(tx: Connection, place: str, by: str, now: Instant) -> PlaceCode:
    """A new code of this place; earlier ones stay valid until they are revoked."""
    values = {"place": place, "created_at": now, "created_by": by}
    key = tx.execute(insert(place_codes), values).inserted_primary_key
    assert key is not None
    return PlaceCode(int(key[0]), place, now, by)


def revoke_codes(tx: Connection, place: str, now: Instant) -> int:
    """Revoke every code of this place; returns how many."""
    valid = place_codes.c.place == place, place_codes.c.revoked_at.is_(None)
    return tx.execute(update(place_codes).where(*valid).values(revoked_at=now)).rowcount
