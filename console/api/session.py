"""`/session`: login with name and password, an access token or a worker's link; each sets a session cookie."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from console import access_messages_zh, messages_zh
from console.http import examples
from console.http.authorization import (
    client_address,
    get_sessions,
    principal_of_token,
    principal_of_user,
    record_login_failure,
)
from console.http.login import open_session, open_user_session, set_session_cookie
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import PUBLIC, CurrentUser
from console.schemas.references import NamedReference
from console.schemas.registry import Words
from console.schemas.service import Session, Site
from console.security.auth import LoginFailure, LoginRateLimit, Principal, Sessions
from console.security.login_guard import DEVICE_COOKIE, Attempt, LoginGuard
from console.security.passwords import LENGTH_MAX
from domain import SECOND, Instant
from store.database.system import audit, tokens, users
from store.database.system import sessions as stored_sessions

router = documented_router(tags=["session"])


class LoginBody(BaseModel):
    """Name and password of a user, or an access token, or a worker's link."""

    model_config = ConfigDict(extra="forbid", strict=True)

    user: Annotated[str, Field(max_length=100)] | None = None
    password: Annotated[str, Field(max_length=LENGTH_MAX)] | None = None
    token: str | None = None
    link: str | None = None


_LOGIN_BODY = TypeAdapter(LoginBody)


async def get_login_rate_limit(request: Request) -> LoginRateLimit:
    limit: LoginRateLimit = request.app.state.logins
    return limit


@router.post(
    "/session",
    dependencies=[PUBLIC],
    summary="Log in; the response sets a cookie",
    openapi_extra=examples.request_body(examples.LOGIN, _LOGIN_BODY),
)
async def log_in(
    request: Request,
    deps: Deps,
    sessions: Annotated[Sessions, Depends(get_sessions)],
    limit: Annotated[LoginRateLimit, Depends(get_login_rate_limit)],
) -> JsonResponse[Session]:
    if _may_be_of_another_site(request):
        raise Problem(403, messages_zh.NEED_HEADER)
    login, now = await parse_body(request, _LOGIN_BODY), deps.clock()
    if login.user is not None or login.password is not None:
        account = await _log_in_user(request, deps, login)
        response = item_response(deps, await session_view(deps, principal_of_user(account)))
        await open_user_session(request, response, account, now)
        return response
    principal = await _log_in_with_key(request, deps, sessions, limit, login)
    until = sessions.link_expiry(login.link, now) if login.link else None
    response = item_response(deps, await session_view(deps, principal))
    await open_session(request, response, principal, now, until)
    return response


@router.get("/session", summary="The logged-in user")
async def get_session(deps: Deps, user: CurrentUser) -> JsonResponse[Session]:
    return item_response(deps, await session_view(deps, user))


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(request: Request, deps: Deps, user: CurrentUser) -> Response:
    session, now = user.session, deps.clock()
    if session is not None:

        def work(tx: Any) -> None:
            stored_sessions.end(tx, session, now)
            audit.record(tx, now, user.person or user.token, "logged out", {"address": client_address(request)})

        await deps.database.write(work)
    response = Response(status_code=204)
    set_session_cookie(request, response, "", 0)
    return response


async def session_view(deps: Deps, user: Principal) -> Session:
    people, now = deps.registry.community().people, deps.clock()
    person = people.get(user.person or "")
    token = None
    if user.user is None and user.alert is None:
        token = await deps.database.read(lambda tx: tokens.get(tx, user.token, now))
    shared = [] if token is None else [people[one] for one in token.people or () if one in people]
    return Session(
        role=user.role,
        person=NamedReference(id=person.id, name=person.name) if person else None,
        alert=user.alert,
        place=user.place,
        site=Site(name=deps.site.name, timezone=deps.site.zone.key),
        roles={name: Words(zh=role.zh, en=role.en) for name, role in deps.registry.roles.items()},
        user=None if user.user is None else NamedReference(id=user.user, name=user.name or user.user),
        must_change_password=user.must_change,
        people=[NamedReference(id=one.id, name=one.name) for one in shared],
    )


def _may_be_of_another_site(request: Request) -> bool:
    """Whether a form of another site may have sent this: it would log the browser in as somebody else.

    Browsers before Sec-Fetch-Site (Safari before 16.4) send the origin, and no JSON to another site without asking.
    """
    is_json = request.headers.get("content-type", "").startswith("application/json")
    is_simple_form = "origin" in request.headers and not is_json
    return request.headers.get("sec-fetch-site") == "cross-site" or is_simple_form


async def _log_in_user(request: Request, deps: Deps, login: LoginBody) -> users.User:
    """The user of name and password; 401 for a wrong one, 429 after too many. Unknown names take and count the same."""
    if login.token or login.link:
        raise invalid(FieldError("", access_messages_zh.ONE_WAY_TO_LOG_IN))
    name, password = (login.user or "").strip().lower(), login.password or ""
    missing = [field for field, value in (("user", name), ("password", password)) if not value]
    if missing:
        raise invalid(*(FieldError(field, messages_zh.FIELD_ERRORS["missing"]) for field in missing))
    guard: LoginGuard = request.app.state.login_guard
    now = deps.clock()
    attempt = guard.attempt(name, client_address(request), request.cookies.get(DEVICE_COOKIE), now)
    await _reject_locked(request, guard.wait_ms(attempt, now), name)
    await _delay(request, guard, attempt, now)
    await _reject_locked(request, guard.check_wait_ms(attempt), name)
    return await _checked_user(request, deps, guard, attempt, login.password or "")


async def _checked_user(request: Request, deps: Deps, guard: LoginGuard, attempt: Attempt, password: str) -> users.User:
    """The user whose password this is; 401 without one, and for a first password that has expired."""
    name, now = attempt.user, deps.clock()
    guard.begin(attempt, now)
    try:
        user = await deps.database.read(lambda tx: users.get(tx, name))
        stored = None if user is None or user.disabled_at is not None else user.password
        is_right = await deps.security.passwords.verify(stored, password, is_known=attempt.device is not None)
    finally:
        guard.end(attempt)
    if not is_right or user is None:
        guard.failed(attempt, now)
        await record_login_failure(request, LoginFailure.PASSWORD, name)
        raise Problem(401, access_messages_zh.WRONG_PASSWORD)
    guard.succeeded(attempt)
    if user.must_change and now > (user.password_at or user.created_at) + deps.security.first_password_ms:
        await record_login_failure(request, LoginFailure.EXPIRED, name)
        raise Problem(401, access_messages_zh.FIRST_PASSWORD_EXPIRED)
    if stored is not None and deps.security.passwords.is_outdated(stored):
        renewed = await deps.security.passwords.hash(password)
        await deps.database.write(lambda tx: users.replace_password(tx, name, stored, password=renewed))
    return user


async def _delay(request: Request, guard: LoginGuard, attempt: Attempt, now: Instant) -> None:
    """Wait before the password is looked at, where many wrong ones came from this address."""
    guard.begin_delay(attempt, now)
    try:
        delay_ms = guard.delay_ms(attempt, now)
        if delay_ms:
            await request.app.state.pause(delay_ms / SECOND)
    finally:
        guard.end_delay(attempt)


async def _log_in_with_key(
    request: Request, deps: Deps, sessions: Sessions, limit: LoginRateLimit, login: LoginBody
) -> Principal:
    """With a token or a link. Links are signed and cannot be guessed: they are not limited. Workers of one mobile
    network share an address, and an old link or another one's wrong password would keep them from the alert."""
    client, now = client_address(request), deps.clock()
    if not login.link:
        await _reject_locked(request, limit.wait_ms(client, now))
    principal = await _principal_of_login(deps, sessions, login)
    if principal is None:
        if not login.link:
            limit.record_failure(client, now)
        await record_login_failure(request, LoginFailure.LINK if login.link else LoginFailure.TOKEN)
        raise Problem(401, messages_zh.WRONG_LINK if login.link else messages_zh.WRONG_TOKEN)
    return principal


async def _reject_locked(request: Request, wait_ms: int, user: str | None = None) -> None:
    if not wait_ms:
        return
    await record_login_failure(request, LoginFailure.LOCKED, user)
    seconds = -(-wait_ms // 1000)
    detail = messages_zh.TOO_MANY_LOGINS.format(seconds=seconds)
    raise Problem(429, detail, headers={"Retry-After": str(seconds)})


async def _principal_of_login(deps: Deps, sessions: Sessions, login: LoginBody) -> Principal | None:
    if login.link:
        principal = sessions.principal_of_link(login.link, deps.clock())
        return principal if principal is not None and principal.person in deps.registry.community().people else None
    if login.token:
        return await principal_of_token(deps, login.token.strip())
    raise invalid(FieldError("token", messages_zh.FIELD_ERRORS["missing"]))
