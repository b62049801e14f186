"""Who asks, at the door of every endpoint: bearer token or session cookie, role, and the limits of a worker's link."""

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
_WHOLE_SITE_ACTIONS: Final = frozenset({"registry", "roster", "audit", "push", "refusals", "rules", "reload", "doctor"})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def get_sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def principal_of_token(deps: ConsoleDependencies, token: str) -> Principal | None:
    """Whom a token belongs to."""
    digest = hash_token(token)
    if constant_time_equal(digest, hash_token(deps.security.admin_token.reveal())):
        return Principal(AccessRole.ADMINISTRATOR, admin_token_id(deps))
    found = await deps.database.read(lambda tx: tokens.find_by_hash(tx, digest))
    if found is None:
        return None
    return Principal(AccessRole(found.role), found.id, person=found.person, place=found.place, platform=found.platform)


def admin_token_id(deps: ConsoleDependencies) -> str:
    """Names the administrator's token without telling it: a session of a former token ends with it."""
    return f"{ADMIN_TOKEN_ID}:{hash_token('session ' + deps.security.admin_token.reveal())[:16]}"


def client_address(request: Request) -> str:
    """The address that asks: the peer's, or the one that a trusted proxy forwards (app.server.http)."""
    return request.client.host if request.client else ""


async def record_login_failure(request: Request, failure: LoginFailure) -> None:
    """Count a failed login, and write it into the audit unless there are too many."""
    deps, client = await get_dependencies(request), client_address(request)
    failed: LoginFailures = request.app.state.failed_logins
    now = deps.clock()
    if failed.record(failure, client, now):
        deed = {"address": client, "reason": failure.value}
        await deps.database.write(lambda tx: audit.record(tx, now, ANONYMOUS, "login failed", deed))


async def current_user(request: Request) -> Principal:
    """Who asks, or 401. A cookie may change something only with our own header (no other site can send it)."""
    principal = await authenticate(request)
    if principal is None:
        told = messages_zh.WRONG_TOKEN if request.headers.get("authorization") else messages_zh.NOT_LOGGED_IN
        if request.headers.get("authorization"):
            await record_login_failure(request, LoginFailure.TOKEN)
        raise Problem(401, told, headers={"WWW-Authenticate": "Bearer"})
    if principal.role is AccessRole.DEVICE:
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    if principal.by_cookie and request.method not in _SAFE_METHODS and request.headers.get("x-fengshao") != "1":
        raise Problem(403, messages_zh.NEED_HEADER)
    return principal


async def authenticate(request: Request) -> Principal | None:
    """Who asks, if anybody we know."""
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
    """A session ends with the token that opened it, a link's with its person."""
    if principal.alert is not None:
        return principal.person in deps.registry.community().people
    if principal.role is AccessRole.ADMINISTRATOR and principal.token.startswith(ADMIN_TOKEN_ID + ":"):
        return constant_time_equal(principal.token, admin_token_id(deps))
    held = await deps.database.read(tokens.list_tokens)
    return any(one.id == principal.token and one.revoked_at is None for one in held)


CurrentUser = Annotated[Principal, Depends(current_user)]


def user_allowed_to(act: str) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency: who asks, if they may do this."""

    async def check(request: Request) -> Principal:
        principal = await current_user(request)
        require(principal, act)
        return principal

    return check


def require(principal: Principal, act: str) -> None:
    """403 unless this principal may do this. What concerns the whole site is not for a token limited to a place."""
    if not principal.has_permission(act):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[principal.role]))
    if principal.place is not None and act in _WHOLE_SITE_ACTIONS:
        raise Problem(403, messages_zh.OTHER_PLACE)


def reject_worker_link(principal: Principal) -> None:
    """403 for a worker's link: it opens its alert and nothing else."""
    if principal.alert is not None:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def non_link_user(principal: CurrentUser) -> Principal:
    """Anybody logged in, but not a worker's link."""
    reject_worker_link(principal)
    return principal


NonLinkUser = Annotated[Principal, Depends(non_link_user)]
RefusalReader = Annotated[Principal, Depends(user_allowed_to("refusals"))]
RegistryAdmin = Annotated[Principal, Depends(user_allowed_to("registry"))]
