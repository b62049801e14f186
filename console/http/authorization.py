"""FastAPI dependencies of every endpoint: the authenticated user, required permissions, limits of a worker's link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from console import messages_zh
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
from store.database.system import audit, tokens

ANONYMOUS: Final = "anonymous"
ADMIN_TOKEN_ID: Final = "admin"  # noqa: S105 - a name, not a token
_WHOLE_SITE_ACTIONS: Final = frozenset(
    {"registry", "roster", "audit", "push", "refusals", "rules", "reload", "doctor", "exchange", "partners"}
)
_SINGLE_PURPOSE: Final = frozenset({AccessRole.DEVICE, AccessRole.EXCHANGE})
"""Roles that authenticate at their own endpoints only."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def get_sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def principal_of_token(deps: ConsoleDependencies, token: str) -> Principal | None:
    """The principal of an access token; None when it is unknown or revoked."""
    digest = hash_token(token)
    if constant_time_equal(digest, hash_token(deps.security.admin_token.reveal())):
        return Principal(AccessRole.ADMINISTRATOR, admin_token_id(deps))
    stored = await deps.database.read(lambda tx: tokens.find_by_hash(tx, digest))
    if stored is None:
        return None
    return Principal(
        AccessRole(stored.role), stored.id, person=stored.person, place=stored.place, platform=stored.platform
    )


def admin_token_id(deps: ConsoleDependencies) -> str:
    """Id of the present admin token: sessions opened with an earlier token become invalid when it changes."""
    return f"{ADMIN_TOKEN_ID}:{hash_token('session ' + deps.security.admin_token.reveal())[:16]}"


def client_address(request: Request) -> str:
    """The client's address: the peer's, or the one forwarded by a trusted proxy (app.server.http)."""
    return request.client.host if request.client else ""


async def record_login_failure(request: Request, failure: LoginFailure) -> None:
    """Count a failed login, and write it to the audit trail unless there are too many."""
    deps, client = await get_dependencies(request), client_address(request)
    failed: LoginFailures = request.app.state.failed_logins
    now = deps.clock()
    if failed.record(failure, client, now):
        detail = {"address": client, "reason": failure.value}
        await deps.database.write(lambda tx: audit.record(tx, now, ANONYMOUS, "login failed", detail))


async def current_user(request: Request) -> Principal:
    """The authenticated user, or 401. With a cookie, changes need our own header, which no other site can send."""
    principal = await authenticate(request)
    if principal is None:
        detail = messages_zh.WRONG_TOKEN if request.headers.get("authorization") else messages_zh.NOT_LOGGED_IN
        if request.headers.get("authorization"):
            await record_login_failure(request, LoginFailure.TOKEN)
        raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if principal.role in _SINGLE_PURPOSE:
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    require_own_header(request, principal)
    return principal


def require_own_header(request: Request, principal: Principal) -> None:
    """403 for a change by cookie without our header, which no other site can send."""
    if principal.by_cookie and request.method not in _SAFE_METHODS and request.headers.get("x-fengshao") != "1":
        raise Problem(403, messages_zh.NEED_HEADER)


async def authenticate(request: Request) -> Principal | None:
    """The principal of a bearer token or session cookie; None when neither is valid."""
    deps = await get_dependencies(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await principal_of_token(deps, token.strip())
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    principal = (await get_sessions(request)).principal_of_cookie(cookie, deps.clock())
    return principal if principal is not None and await _is_current(deps, principal) else None


async def _is_current(deps: ConsoleDependencies, principal: Principal) -> bool:
    """Whether a session still holds: it ends with the token that opened it, a link's when its person is removed."""
    if principal.alert is not None:
        return principal.person in deps.registry.community().people
    if principal.role is AccessRole.ADMINISTRATOR and principal.token.startswith(ADMIN_TOKEN_ID + ":"):
        return constant_time_equal(principal.token, admin_token_id(deps))
    stored = await deps.database.read(tokens.list_tokens)
    return any(token.id == principal.token and token.revoked_at is None for token in stored)


CurrentUser = Annotated[Principal, Depends(current_user)]


def user_allowed_to(act: str) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency: the user, if permitted this action; 403 otherwise."""

    async def check(request: Request) -> Principal:
        principal = await current_user(request)
        require(principal, act)
        return principal

    return check


def require(principal: Principal, act: str) -> None:
    """403 unless the principal has this permission. Actions on the whole site need a token not limited to a place."""
    if not principal.has_permission(act):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    if principal.place is not None and act in _WHOLE_SITE_ACTIONS:
        raise Problem(403, messages_zh.OTHER_PLACE)


def reject_worker_link(principal: Principal) -> None:
    """403 for a worker's link, which gives access to its alert only."""
    if principal.alert is not None:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def non_link_user(principal: CurrentUser) -> Principal:
    """Any authenticated user except a worker's link."""
    reject_worker_link(principal)
    return principal


NonLinkUser = Annotated[Principal, Depends(non_link_user)]
RefusalReader = Annotated[Principal, Depends(user_allowed_to("refusals"))]
RegistryAdmin = Annotated[Principal, Depends(user_allowed_to("registry"))]
