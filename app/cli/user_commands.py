"""Work of `fengshao user`: a running service is asked; without one its database is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec.structs import asdict
from sqlalchemy import Connection

from app.cli.database import with_database
from app.clock import Clock
from app.datadir.control_socket import ServiceNotRunning, request
from app.errors import UserError
from console import access_messages_zh, messages_zh
from console.security.auth import AccessRole
from console.security.passwords import Passwords, initial_password
from console.security.user_names import is_user_id
from store.database import registry
from store.database.system import audit, sessions, users

T = TypeVar("T")
ACTOR = "command line"
USERS_PATH = "/api/v1/users"


def add_user(data: Path, user: dict[str, Any]) -> dict[str, Any]:
    """Add a user; returns him with his first password. Raises UserError."""
    body = {**user, "name": user["name"] or user["id"]}
    return dict(_either(data, "POST", USERS_PATH, body, lambda tx: _add(tx, body)))


def reset_password(data: Path, name: str) -> dict[str, Any]:
    """A new first password; ends the user's sessions. Raises UserError."""
    path = f"{USERS_PATH}/{quote(name, safe='')}/password"
    return dict(_either(data, "POST", path, None, lambda tx: _reset(tx, name)))


def list_users(data: Path) -> list[dict[str, Any]]:
    """All users, by name."""
    try:
        return list(request(data, "GET", USERS_PATH)["items"])
    except ServiceNotRunning:
        return with_database(data, lambda tx: [asdict(one) for one in users.list_users(tx)])


def remove_user(data: Path, name: str) -> None:
    """Remove a user and end his sessions. Raises UserError."""
    _either(data, "DELETE", f"{USERS_PATH}/{quote(name, safe='')}", None, lambda tx: _remove(tx, name))


def _either(data: Path, method: str, path: str, body: Any, work: Callable[[Connection], T]) -> Any:
    try:
        return request(data, method, path, body)
    except ServiceNotRunning:
        return with_database(data, work)


def _add(tx: Connection, body: dict[str, Any]) -> dict[str, Any]:
    name, community, now = body["id"].strip().lower(), registry.community(tx), Clock()()
    if not is_user_id(name):
        raise UserError(access_messages_zh.BAD_USER_ID)
    if users.get(tx, name) is not None:
        raise UserError(access_messages_zh.USER_EXISTS.format(id=name))
    if body["place"] is not None and body["place"] not in community.places:
        raise UserError(messages_zh.UNKNOWN_PLACE.format(place=body["place"]))
    if body["person"] is not None and body["person"] not in community.people:
        raise UserError(messages_zh.UNKNOWN_PERSON.format(person=body["person"]))
    password = initial_password() if body["by_password"] else None
    hashed = None if password is None else Passwords().hash_blocking(password)
    user = users.User(
        name, body["name"], body["role"], body["place"], body["person"], hashed, password is not None, created_at=now
    )
    users.create(tx, user)
    audit.record(tx, now, ACTOR, "user created", {"user": name, "role": user.role, "place": user.place})
    return {**asdict(user), "password": password}


def _reset(tx: Connection, name: str) -> dict[str, Any]:
    user, now, password = _existing(tx, name), Clock()(), initial_password()
    users.change(tx, name, password=Passwords().hash_blocking(password), must_change=True, password_at=now)
    sessions.end_of_user(tx, name, now)
    audit.record(tx, now, ACTOR, "password reset", {"user": name})
    return {**asdict(user), "password": password}


def _remove(tx: Connection, name: str) -> None:
    now = Clock()()
    if _existing(tx, name).role == AccessRole.ADMINISTRATOR and not users.other_administrators(tx, name):
        raise UserError(access_messages_zh.LAST_ADMINISTRATOR)
    users.remove(tx, name)
    sessions.end_of_user(tx, name, now)
    audit.record(tx, now, ACTOR, "user removed", {"user": name})


def _existing(tx: Connection, name: str) -> users.User:
    user = users.get(tx, name)
    if user is None:
        raise UserError(messages_zh.NOT_FOUND["user"].format(id=name))
    return user
