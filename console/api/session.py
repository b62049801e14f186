"""`/session`: login with an access token or a worker's link; both set a session cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.http import examples
from console.http.authorization import (
    CurrentUser,
    client_address,
    get_sessions,
    principal_of_token,
    record_login_failure,
)
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, item_response, parse_body
from console.schemas.references import NamedReference
from console.schemas.registry import Words
from console.schemas.service import Session, Site
from console.security.auth import COOKIE, SESSION_MS, LoginFailure, LoginRateLimit, Principal, Sessions
from store.database.system import audit

router = documented_router(tags=["session"])


class LoginBody(BaseModel):
    """Either an access token or a worker's link."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str | None = None
    link: str | None = None


_LOGIN_BODY = TypeAdapter(LoginBody)


async def get_login_rate_limit(request: Request) -> LoginRateLimit:
    limit: LoginRateLimit = request.app.state.logins
    return limit


@router.post(
    "/session",
    summary="Log in; the response sets a cookie",
    openapi_extra=examples.request_body(examples.LOGIN, _LOGIN_BODY),
)
async def log_in(
    request: Request,
    deps: Deps,
    sessions: Annotated[Sessions, Depends(get_sessions)],
    limit: Annotated[LoginRateLimit, Depends(get_login_rate_limit)],
) -> JsonResponse[Session]:
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Problem(403, messages_zh.NEED_HEADER)
    login = await parse_body(request, _LOGIN_BODY)
    client, now = client_address(request), deps.clock()
    wait_ms = limit.wait_ms(client, now)
    if wait_ms:
        await record_login_failure(request, LoginFailure.LOCKED)
        seconds = -(-wait_ms // 1000)
        detail = messages_zh.TOO_MANY_LOGINS.format(seconds=seconds)
        raise Problem(429, detail, headers={"Retry-After": str(seconds)})
    principal = await _principal_of_login(deps, sessions, login)
    if principal is None:
        limit.record_failure(client, now)
        await record_login_failure(request, LoginFailure.LINK if login.link else LoginFailure.TOKEN)
        raise Problem(401, messages_zh.WRONG_LINK if login.link else messages_zh.WRONG_TOKEN)
    await deps.database.write(lambda tx: audit.record(tx, now, principal.person or principal.token, "logged in"))
    until = sessions.link_expiry(login.link, now) if login.link else None
    response = item_response(deps, session_view(deps, principal))
    max_age_ms = SESSION_MS if until is None else until - now
    _set_cookie(request, response, sessions.create(principal, now, until), -(-max_age_ms // 1000))
    return response


@router.get("/session", summary="The logged-in user")
async def get_session(deps: Deps, user: CurrentUser) -> JsonResponse[Session]:
    return item_response(deps, session_view(deps, user))


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(
    request: Request, deps: Deps, _user: CurrentUser, sessions: Annotated[Sessions, Depends(get_sessions)]
) -> Response:
    sessions.revoke(request.cookies.get(COOKIE, ""), deps.clock())
    response = Response(status_code=204)
    _set_cookie(request, response, "", 0)
    return response


def session_view(deps: Deps, user: Principal) -> Session:
    person = deps.registry.community().people.get(user.person or "")
    return Session(
        role=user.role,
        person=NamedReference(id=person.id, name=person.name) if person else None,
        alert=user.alert,
        place=user.place,
        site=Site(name=deps.site.name, timezone=deps.site.zone.key),
        roles={name: Words(zh=role.zh, en=role.en) for name, role in deps.registry.roles.items()},
    )


async def _principal_of_login(deps: Deps, sessions: Sessions, login: LoginBody) -> Principal | None:
    if login.link:
        principal = sessions.principal_of_link(login.link, deps.clock())
        return principal if principal is not None and principal.person in deps.registry.community().people else None
    if login.token:
        return await principal_of_token(deps, login.token.strip())
    raise invalid(FieldError("token", messages_zh.FIELD_ERRORS["missing"]))


def _set_cookie(request: Request, response: Response, value: str, max_age: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="strict")
