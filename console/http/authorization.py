"""Who asks: the principal of a token, a session or a worker's link; and whether it has a permission."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import Request
from msgspec.structs import replace

from console import access_messages_zh, messages_zh
from console.dependencies import ConsoleDependencies
from console.http.problems import Problem
from console.http.requests import get_dependencies
from console.security.auth import (
    COOKIE,
    AccessRole,
    LoginFailure,
    LoginFailures,
    Principal,
    Sessions,
    constant_time_equal,
    hash_token,
)
from console.security.scopes import SAFE_METHODS, TokenScope, is_in_scope
from domain import MINUTE, Instant
from store.database.system import audit, tokens, users
from store.database.system import sessions as stored_sessions

ANONYMOUS: Final = "anonymous"
ADMIN_TOKEN_ID: Final = "admin"  # noqa: S105 - a name, not a token
WHOLE_SITE_ACTIONS: Final = frozenset(
    {
        "registry",
        "roster",
        "audit",
        "push",
        "refusals",
        "rules",
        "reload",
        "doctor",
        "exchange",
        "partners",
        "users",
        "system",
        "backup",
    }
)
SINGLE_PURPOSE: Final = frozenset({AccessRole.DEVICE, AccessRole.EXCHANGE})
"""Roles that authenticate at their own endpoints only."""
SEEN_EVERY_MS: Final = 5 * MINUTE
"""How exactly a session's last use is known."""
OWN_ACCOUNT: Final = re.compile(r"/api/v1/(?:session|account(?:/.*)?)")
"""Open to a user who must choose a password first. `/api/v1/sessions` is not: it lists the sessions of everybody."""


async def get_sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def principal_of_token(deps: ConsoleDependencies, token: str) -> Principal | None:
    """The principal of an access token; None when it is unknown, revoked or expired."""
    if not token:
        return None
    digest, now = hash_token(token), deps.clock()
    if constant_time_equal(digest, hash_token(deps.security.admin_token.reveal())):
        return Principal(AccessRole.ADMINISTRATOR, admin_token_id(deps))
    stored = await deps.database.read(lambda tx: tokens.find_by_hash(tx, digest, now))
    return None if stored is None else _principal_of_stored(stored)


def _principal_of_stored(stored: tokens.Token) -> Principal:
    scope = None if stored.scope is None else TokenScope(stored.scope)
    return Principal(
        AccessRole(stored.role),
        stored.id,
        person=stored.person,
        place=stored.place,
        platform=stored.platform,
        name=stored.name,
        scope=scope,
    )


def principal_of_user(user: users.User) -> Principal:
    """The principal of a user who has logged in."""
    return Principal(
        AccessRole(user.role),
        f"user:{user.id}",
        person=user.person,
        place=user.place,
        user=user.id,
        name=user.name,
        must_change=user.must_change,
    )


def admin_token_id(deps: ConsoleDependencies) -> str:
    """Id of the present admin token: sessions opened with an earlier token become invalid when it changes."""
    return f"{ADMIN_TOKEN_ID}:{hash_token('session ' + deps.security.admin_token.reveal())[:16]}"


def client_address(request: Request) -> str:
    """The client's address: the peer's, or the one forwarded by a trusted proxy (app.server.http)."""
    return request.client.host if request.client else ""


async def record_login_failure(request: Request, failure: LoginFailure, user: str | None = None) -> None:
    """Count a failed login, and write it to the audit trail unless there are too many.

    `user` is the name that was given. It is written only when a user has it: people type passwords into that field.
    """
    deps, client = await get_dependencies(request), client_address(request)
    failed: LoginFailures = request.app.state.failed_logins
    now = deps.clock()
    if failed.record(failure, client, now):

        def work(tx: Any) -> None:
            named = {} if user is None or users.get(tx, user) is None else {"user": user}
            detail = {"address": client, "reason": failure.value, **named}
            audit.record(tx, now, ANONYMOUS, "login failed", detail)

        await deps.database.write(work)


async def current_user(request: Request) -> Principal:
    """The authenticated user, or 401. With a cookie, changes need our own header, which no other site can send."""
    principal = await authenticate(request)
    if principal is None:
        detail = messages_zh.WRONG_TOKEN if request.headers.get("authorization") else messages_zh.NOT_LOGGED_IN
        if request.headers.get("authorization"):
            await record_login_failure(request, LoginFailure.TOKEN)
        raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if principal.role in SINGLE_PURPOSE:
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    require_own_header(request, principal)
    return principal


def require_own_header(request: Request, principal: Principal) -> None:
    """403 for a change by cookie without our header, which no other site can send."""
    if principal.by_cookie and request.method not in SAFE_METHODS and request.headers.get("x-fengshao") != "1":
        raise Problem(403, messages_zh.NEED_HEADER)


async def authenticate(request: Request) -> Principal | None:
    """The principal of a bearer token or session cookie; None when neither is valid. 403 for a request outside the
    scope of its token, and for a user who must choose a password first."""
    principal = await _authenticated(request)
    if principal is None:
        return None
    path = request.url.path
    if not is_in_scope(principal.scope, request.method, path):
        raise Problem(
            403, access_messages_zh.OUT_OF_SCOPE.format(scope=access_messages_zh.SCOPES[principal.scope or ""])
        )
    if principal.must_change and not OWN_ACCOUNT.fullmatch(path):
        raise Problem(403, access_messages_zh.PASSWORD_MUST_CHANGE)
    return principal


async def _authenticated(request: Request) -> Principal | None:
    deps = await get_dependencies(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await principal_of_token(deps, token.strip())
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    sessions, now = await get_sessions(request), deps.clock()
    principal, session = sessions.principal_of_cookie(cookie, now), sessions.id_of(cookie, now)
    if principal is None or session is None:
        return None
    return await _current(deps, principal, session, now)


async def _current(deps: ConsoleDependencies, principal: Principal, session: str, now: Instant) -> Principal | None:
    """The principal of a session as it is now: it ends with its token or user, a link's when its person is removed."""
    stored, owner = await deps.database.read(lambda tx: _session_and_owner(tx, principal, session, now))
    if stored is None:
        return None
    found: Principal | None = None
    if principal.alert is not None:
        found = principal if principal.person in deps.registry.community().people else None
    elif principal.token.startswith(ADMIN_TOKEN_ID + ":"):
        found = principal if constant_time_equal(principal.token, admin_token_id(deps)) else None
    elif isinstance(owner, users.User):
        found = principal_of_user(owner) if owner.disabled_at is None else None
    elif owner is not None:
        found = _principal_of_stored(owner)
    if found is not None and now - stored.seen_at >= SEEN_EVERY_MS:
        await deps.database.write(lambda tx: stored_sessions.seen(tx, session, now))
    return None if found is None else replace(found, by_cookie=True, session=session)


def _session_and_owner(
    tx: Any, principal: Principal, session: str, now: Instant
) -> tuple[stored_sessions.Session | None, users.User | tokens.Token | None]:
    stored = stored_sessions.get(tx, session, now)
    if principal.user is not None:
        return stored, users.get(tx, principal.user)
    return stored, tokens.get(tx, principal.token, now)


def require(principal: Principal, act: str) -> None:
    """403 unless the principal has this permission. Actions on the whole site need a token not limited to a place."""
    if not principal.has_permission(act):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    if principal.place is not None and act in WHOLE_SITE_ACTIONS:
        raise Problem(403, messages_zh.OTHER_PLACE)


def reject_worker_link(principal: Principal) -> None:
    """403 for a worker's link, which gives access to its alert only."""
    if principal.alert is not None:
        raise Problem(403, messages_zh.OTHER_ALERT)
