"""Who asks, at the door of every endpoint: bearer token or session cookie, role, and the limits of a worker's link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request

from console import messages_zh
from console.dependencies import Services
from console.http.problems import Problem
from console.http.requests import services_of
from console.security.auth import COOKIE, Access, FailedLogins, Failure, Principal, Sessions, same, token_hash
from store.database.system import audit, tokens

NOBODY: Final = "anonymous"
ADMIN_TOKEN_ID: Final = "admin"  # noqa: S105 - a name, not a token
_WHOLE_SITE: Final = frozenset({"registry", "roster", "audit", "push", "refusals", "rules", "reload", "doctor"})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def sessions_of(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def by_token(services: Services, token: str) -> Principal | None:
    """Whom a token belongs to."""
    digest = token_hash(token)
    if same(digest, token_hash(services.security.admin_token.reveal())):
        return Principal(Access.ADMINISTRATOR, admin_id(services))
    found = await services.ledger.read(lambda tx: tokens.by_hash(tx, digest))
    if found is None:
        return None
    return Principal(Access(found.role), found.id, person=found.person, place=found.place, platform=found.platform)


def admin_id(services: Services) -> str:
    """Names the administrator's token without telling it: a session of a former token ends with it."""
    return f"{ADMIN_TOKEN_ID}:{token_hash('session ' + services.security.admin_token.reveal())[:16]}"


def client_of(request: Request) -> str:
    """The address that asks: the peer's, or the one that a trusted proxy forwards (app.server.http)."""
    return request.client.host if request.client else ""


async def note_failure(request: Request, failure: Failure) -> None:
    """Count a failed login, and write it into the audit unless there are too many."""
    services, client = await services_of(request), client_of(request)
    failed: FailedLogins = request.app.state.failed_logins
    now = services.clock()
    if failed.add(failure, client, now):
        deed = {"address": client, "reason": failure.value}
        await services.ledger.run(lambda tx: audit.write(tx, now, NOBODY, "login failed", deed))


async def principal_of(request: Request) -> Principal:
    """Who asks, or 401. A cookie may change something only with our own header (no other site can send it)."""
    principal = await asking(request)
    if principal is None:
        told = messages_zh.WRONG_TOKEN if request.headers.get("authorization") else messages_zh.NOT_LOGGED_IN
        if request.headers.get("authorization"):
            await note_failure(request, Failure.TOKEN)
        raise Problem(401, told, headers={"WWW-Authenticate": "Bearer"})
    if principal.access is Access.DEVICE:
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ACCESS[principal.access]))
    if principal.by_cookie and request.method not in _SAFE_METHODS and request.headers.get("x-fengshao") != "1":
        raise Problem(403, messages_zh.NEED_HEADER)
    return principal


async def asking(request: Request) -> Principal | None:
    """Who asks, if anybody we know."""
    services = await services_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await by_token(services, token.strip())
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    principal = (await sessions_of(request)).read(cookie, services.clock())
    return principal if principal is not None and await _still_good(services, principal) else None


async def _still_good(services: Services, principal: Principal) -> bool:
    """A session ends with the token that opened it, a link's with its person."""
    if principal.alert is not None:
        return principal.person in services.registry.community().people
    if principal.access is Access.ADMINISTRATOR and principal.token.startswith(ADMIN_TOKEN_ID + ":"):
        return same(principal.token, admin_id(services))
    held = await services.ledger.read(tokens.everything)
    return any(one.id == principal.token and one.revoked_at is None for one in held)


Who = Annotated[Principal, Depends(principal_of)]


def allowed(act: str) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency: who asks, if they may do this."""

    async def check(request: Request) -> Principal:
        principal = await principal_of(request)
        demand(principal, act)
        return principal

    return check


def demand(principal: Principal, act: str) -> None:
    """403 unless this principal may do this. What concerns the whole site is not for a token limited to a place."""
    if not principal.may(act):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ACCESS[principal.access]))
    if principal.place is not None and act in _WHOLE_SITE:
        raise Problem(403, messages_zh.OTHER_PLACE)


def refuse_link(principal: Principal) -> None:
    """403 for a worker's link: it opens its alert and nothing else."""
    if principal.alert is not None:
        raise Problem(403, messages_zh.OTHER_ALERT)


async def unlinked_of(principal: Who) -> Principal:
    """Anybody logged in, but not a worker's link."""
    refuse_link(principal)
    return principal


Member = Annotated[Principal, Depends(unlinked_of)]
Witness = Annotated[Principal, Depends(allowed("refusals"))]
Registrar = Annotated[Principal, Depends(allowed("registry"))]
