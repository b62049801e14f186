"""Ends the access of a person who leaves the registry: it would pass to whoever gets the id of the person next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from domain import Instant
from store.database.system import sessions, tokens
from store.database.system.tables import users


def end_access(
    tx: Connection, person: str, now: Instant, *, name: str | None = None, spared: str | None = None
) -> None:
    """Close the person's accounts with their sessions and PIN, and revoke the tokens.

    `name` replaces the name of the accounts, where it must not stay. The account `spared` only loses the person.
    """
    for user in tx.execute(select(users.c.id, users.c.disabled_at).where(users.c.person == person)).all():
        values: dict[str, Any] = {"person": None, "pin": None}
        if user.id != spared:
            values |= {"subject": None, "disabled_at": now if user.disabled_at is None else user.disabled_at}
        if name is not None:
            values["name"] = name
        tx.execute(update(users).where(users.c.id == user.id).values(**values))
        if user.id != spared:
            sessions.end_of_user(tx, user.id, now)
    for token in tokens.list_tokens(tx):
        if token.person == person:
            tokens.revoke(tx, token.id, now)
        elif token.people is not None and person in token.people:
            tokens.remove_person(tx, token, person)
