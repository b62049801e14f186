"""Schemas of users, sessions, the own account, and ways to log in."""

from __future__ import annotations

from console.schemas.references import NamedReference, Schema
from console.security.auth import AccessRole
from console.timestamps import Timestamp


class User(Schema, frozen=True, kw_only=True):
    """A user, without his password. `way`: how he logs in."""

    id: str
    name: str
    role: AccessRole
    place: NamedReference | None
    person: NamedReference | None
    by_password: bool
    by_provider: bool
    must_change: bool
    has_pin: bool
    created_at: Timestamp
    password_at: Timestamp | None
    disabled_at: Timestamp | None


class UserWithPassword(User, frozen=True, kw_only=True):
    """A user and the password to be changed at his first login; only this response contains it."""

    password: str | None


class OpenSession(Schema, frozen=True, kw_only=True):
    """An open session. `user` and `token`: what it was opened with; `current`: the one of this request."""

    id: str
    user: NamedReference | None
    token: str
    person: NamedReference | None
    opened_at: Timestamp
    seen_at: Timestamp
    expires_at: Timestamp
    address: str
    agent: str
    current: bool


class NewPin(Schema, frozen=True, kw_only=True):
    """A new PIN; only this response contains it."""

    pin: str


class Provider(Schema, frozen=True, kw_only=True):
    """The identity provider, and where a login with it begins."""

    title: str
    path: str


class LoginMethods(Schema, frozen=True, kw_only=True):
    """How to log in, beside an access token: with a password, and with an identity provider."""

    users: bool
    provider: Provider | None


class ErasedPerson(Schema, frozen=True, kw_only=True):
    """A person who was erased, and the number of alerts in which his data stood."""

    id: str
    alerts: int
