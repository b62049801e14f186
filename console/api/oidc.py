"""`/oidc`: login by the identity provider, where one is configured (console.security.oidc).

The browser is sent to the provider and comes back with a code. State, nonce and verifier wait in a signed cookie of ten
minutes. It is `Lax`, because the browser comes back from another site; the session cookie stays `Strict`, so the last
step is a page of ours that leads on.
"""

from __future__ import annotations

import html
import logging
import re
import secrets
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console import access_messages_zh
from console.http.authorization import client_address, record_login_failure
from console.http.login import open_user_session
from console.http.openapi import JsonResponse, PageResponse, documented_router
from console.http.problems import Problem
from console.http.requests import Deps, OptionalText, item_response
from console.http.requirements import PUBLIC
from console.schemas import access as schema
from console.security.auth import ClaimsSigner, LoginFailure, LoginRateLimit, constant_time_equal
from console.security.oidc import Identity, OidcClient, OidcError
from console.security.oidc_groups import GroupRole, role_of_groups
from console.security.user_names import is_user_id
from domain import MINUTE
from store.database.system import audit, sessions, users

log = logging.getLogger(__name__)

router = documented_router(tags=["session"], dependencies=[PUBLIC])

PATH: Final = "/api/v1/oidc"
NAME_MAX: Final = 60
STATE_COOKIE: Final = "fengshao_oidc"
STATE_MS: Final = 10 * MINUTE
_OWN_PATH: Final = re.compile(r"/(?:[^/\\\x00-\x20\x7f][^\\\x00-\x20\x7f]*)?")


@router.get("/session/methods", summary="How to log in: with a password, and with which identity provider")
async def login_methods(deps: Deps) -> JsonResponse[schema.LoginMethods]:
    oidc = deps.security.oidc
    provider = None if oidc is None else schema.Provider(title=oidc.config.title, path=f"{PATH}/login")
    has_users = await deps.database.read(users.count) > 0
    return item_response(deps, schema.LoginMethods(users=has_users, provider=provider))


@router.get(
    "/oidc/login", summary="Begin a login with the identity provider", response_class=PageResponse, status_code=303
)
async def begin_login(request: Request, deps: Deps, next: OptionalText = None) -> Response:
    oidc, now = _client_of(deps), deps.clock()
    claims = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": _own_path(next),
    }
    try:
        url = await oidc.authorization_url(claims["state"], claims["nonce"], claims["verifier"], now)
    except OidcError as error:
        return await _failed(request, error)
    response = RedirectResponse(url, 303)
    secure = request.url.scheme == "https"
    signed = _signer(deps).sign(claims, now + STATE_MS)
    response.set_cookie(
        STATE_COOKIE, signed, max_age=STATE_MS // 1000, path=PATH, secure=secure, httponly=True, samesite="lax"
    )
    return response


@router.get(
    "/oidc/callback", summary="Where the identity provider sends the browser back to", response_class=PageResponse
)
async def end_login(
    request: Request,
    deps: Deps,
    code: OptionalText = None,
    state: OptionalText = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    oidc, now = _client_of(deps), deps.clock()
    limit: LoginRateLimit = request.app.state.logins
    if limit.wait_ms(client_address(request), now):
        return await _failed(request, OidcError("provider", "too many failed logins from this address"))
    waiting = _signer(deps).verify(request.cookies.get(STATE_COOKIE, ""), now)
    try:
        if waiting is None or not constant_time_equal(str(waiting["state"]), state or ""):
            raise OidcError("state", "state and cookie differ")
        if error or not code:
            raise OidcError("denied", error or "no code")
        identity = await oidc.identity_of_code(code, waiting["verifier"], waiting["nonce"], now)
        user = await _user_of_identity(deps, oidc, identity, now)
    except OidcError as failure:
        # Without our cookie nothing was asked of the provider. Such requests do not count: images on a foreign page
        # would lock the address of whoever looks at it.
        if waiting is not None:
            limit.record_failure(client_address(request), now)
        return await _failed(request, failure)
    response = HTMLResponse(_leads_to(str(waiting["next"])))
    await open_user_session(request, response, user, now)
    response.delete_cookie(STATE_COOKIE, path=PATH)
    return response


def _user_of(tx: Any, identity: Identity, now: int) -> users.User | None:
    """The enabled user of this subject. The first login of a user who was added without a password binds him to it."""
    user = users.find_by_subject(tx, identity.subject)
    if user is None:
        found = users.get(tx, identity.username.strip().lower())
        if found is None or found.subject is not None or found.password is not None:
            return None
        users.change(tx, found.id, subject=identity.subject)
        audit.record(tx, now, f"user:{found.id}", "identity bound", {"user": found.id})
        user = users.get(tx, found.id)
    return None if user is None or user.disabled_at is not None else user


async def _user_of_identity(deps: Deps, oidc: OidcClient, identity: Identity, now: int) -> users.User:
    """The user who logs in. Where groups decide, his role and place are those of his group from now on, and one who is
    in no listed group any more is logged out everywhere. Raises OidcError."""
    if not oidc.config.groups:
        user = await deps.database.write(lambda tx: _user_of(tx, identity, now))
        if user is None:
            raise OidcError("user", f"no user is {identity.username!r}")
        return user
    granted = role_of_groups(identity.groups, oidc.config.groups)
    if granted is not None and granted.place is not None and granted.place not in deps.registry.community().places:
        # Never more than the group was given: a place that is gone is no whole site.
        log.error("place of a group not registered", extra={"group": granted.group, "place": granted.place})
        granted = None
    if granted is None:
        await deps.database.write(lambda tx: _end_sessions_of(tx, identity.subject, now))
        raise OidcError("group", f"{identity.username!r} is in none of the listed groups")
    user = await deps.database.write(lambda tx: _user_of_group(tx, identity, granted, now))
    if user is None:
        raise OidcError("user", f"no user can be {identity.username!r}")
    return user


def _user_of_group(tx: Any, identity: Identity, granted: GroupRole, now: int) -> users.User | None:
    """The user of this subject, added at the first login, with the role and place of the group. None: he is disabled,
    or the name is no login name or belongs to somebody who logs in with a password."""
    name = identity.username.strip().lower()
    known = users.find_by_subject(tx, identity.subject)
    if known is None and users.get(tx, name) is None and is_user_id(name):
        shown = (identity.name or name)[:NAME_MAX]
        added = users.User(name, shown, granted.role, granted.place, subject=identity.subject, created_at=now)
        users.create(tx, added)
        detail = {"user": name, "role": granted.role, "place": granted.place, "group": granted.group}
        audit.record(tx, now, f"user:{name}", "user created", detail)
    user = _user_of(tx, identity, now)
    if user is None or (user.role, user.place) == (granted.role, granted.place):
        return user
    users.change(tx, user.id, role=granted.role, place=granted.place)
    detail = {"user": user.id, "role": granted.role, "place": granted.place, "group": granted.group}
    audit.record(tx, now, f"user:{user.id}", "user changed", detail)
    return users.get(tx, user.id)


def _end_sessions_of(tx: Any, subject: str, now: int) -> None:
    user = users.find_by_subject(tx, subject)
    if user is not None:
        ended = sessions.end_of_user(tx, user.id, now)
        audit.record(tx, now, f"user:{user.id}", "login refused: no group", {"user": user.id, "sessions": ended})


async def _failed(request: Request, error: OidcError) -> Response:
    """Back to the login page, which shows the reason; the detail is for the log."""
    log.warning("login with the identity provider failed", extra={"reason": error.reason, "detail": str(error)})
    await record_login_failure(request, LoginFailure.OIDC)
    return RedirectResponse(f"/login?failed={quote(error.reason)}", 303)


def _client_of(deps: Deps) -> OidcClient:
    if deps.security.oidc is None:
        raise Problem(404, access_messages_zh.NO_OIDC)
    return deps.security.oidc


def _signer(deps: Deps) -> ClaimsSigner:
    return ClaimsSigner(deps.security.signing_key.reveal().encode(), "oidc")


def _own_path(path: str | None) -> str:
    """A path of this service; a crafted link must not lead elsewhere after the login.

    Browsers read a backslash as a slash and leave out tabs and line feeds (WHATWG URL, 4.4): `/<tab>/host` is a host.
    """
    return path if path is not None and _OWN_PATH.fullmatch(path) else "/"


def _leads_to(path: str) -> str:
    target = html.escape(path, quote=True)
    return (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={target}"><title>枫哨</title>'
    )
