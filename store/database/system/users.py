"""Local users of the console. A password is stored as its Argon2id hash only; the console makes and checks it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from domain import Instant
from store.database.system.tables import users


class User(Struct, frozen=True):
    """A user: a role, for this place and the places below it (None: everywhere), and the person of the registry.

    `password` is a PHC string of Argon2id (None: signs in by OpenID Connect only), `subject` the `sub` of an identity
    provider, `pin` a keyed digest of the user's own PIN.
    """

    id: str
    name: str
    role: str
    place: str | None = None
    person: str | None = None
    password: str | None = None
    must_change: bool = False
    """The password was set by somebody else: the user must choose his own before anything else."""
    subject: str | None = None
    pin: str | None = None
    created_at: Instant = 0
    password_at: Instant | None = None
    disabled_at: Instant | None = None


def create(tx: Connection, user: User) -> None:
    """Store a new user. Raises IntegrityError when the id or the subject exists."""
    tx.execute(insert(users).values(**{name: getattr(user, name) for name in User.__struct_fields__}))


def get(tx: Connection, user_id: str) -> User | None:
    """The user with this id, disabled ones included."""
    row = tx.execute(select(users).where(users.c.id == user_id)).first()
    return None if row is None else User(*row)


def find_by_subject(tx: Connection, subject: str) -> User | None:
    """The user with this subject of the identity provider."""
    row = tx.execute(select(users).where(users.c.subject == subject)).first()
    return None if row is None else User(*row)


def find_by_person(tx: Connection, person: str) -> list[User]:
    """The enabled users of this person."""
    rows = tx.execute(select(users).where(users.c.person == person, users.c.disabled_at.is_(None)).order_by(users.c.id))
    return [User(*row) for row in rows]


def list_users(tx: Connection) -> list[User]:
    """All users, by id."""
    return [User(*row) for row in tx.execute(select(users).order_by(users.c.id))]


def count(tx: Connection) -> int:
    """How many users there are."""
    return tx.execute(select(func.count()).select_from(users)).scalar_one()


def change(tx: Connection, user_id: str, **columns: Any) -> bool:
    """Change columns of a user. False when there is none."""
    return tx.execute(update(users).where(users.c.id == user_id).values(**columns)).rowcount > 0


def replace_password(tx: Connection, user_id: str, present: str, **columns: Any) -> bool:
    """Change columns of a user whose stored hash is still `present`. False when another one was set meanwhile."""
    same = (users.c.id == user_id) & (users.c.password == present)
    return tx.execute(update(users).where(same).values(**columns)).rowcount > 0


def is_unchanged(tx: Connection, user: User) -> bool:
    """Whether this user may still log in as he was read: not disabled, removed, or given another password since."""
    present = get(tx, user.id)
    if present is None or present.disabled_at is not None:
        return False
    return (present.created_at, present.password_at) == (user.created_at, user.password_at)


def remove(tx: Connection, user_id: str) -> bool:
    """Delete a user. False when there is none."""
    return tx.execute(delete(users).where(users.c.id == user_id)).rowcount > 0


def other_administrators(tx: Connection, user_id: str) -> list[User]:
    """The other enabled users who administer the whole site."""
    return [
        one
        for one in list_users(tx)
        if one.id != user_id and one.role == "administrator" and one.place is None and one.disabled_at is None
    ]
