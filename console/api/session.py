"""`/session`: a browser logs in with a token, a worker with the link in his message; either gets a cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.dependencies import Services
from console.http import examples
from console.http.authorization import Who, by_token, client_of, note_failure, sessions_of
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty
from console.http.requests import Asked, shown, written_one
from console.schemas.parts import Named
from console.schemas.service import Session, Site
from console.security.auth import COOKIE, SESSION_MS, Failure, LoginLimit, Principal, Sessions
from store.database.system import audit

router = described_router(tags=["session"])


class Login(BaseModel):
    """One of the two ways in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str | None = None
    link: str | None = None


_LOGIN = TypeAdapter(Login)


async def limit_of(request: Request) -> LoginLimit:
    limit: LoginLimit = request.app.state.logins
    return limit


@router.post(
    "/session", summary="Log in; the answer sets a cookie", openapi_extra=examples.body(examples.LOGIN, _LOGIN)
)
async def log_in(
    request: Request,
    services: Asked,
    sessions: Annotated[Sessions, Depends(sessions_of)],
    limit: Annotated[LoginLimit, Depends(limit_of)],
) -> Answer[Session]:
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Problem(403, messages_zh.NEED_HEADER)
    login = await written_one(request, _LOGIN)
    client, now = client_of(request), services.clock()
    wait_ms = limit.wait_ms(client, now)
    if wait_ms:
        await note_failure(request, Failure.LOCKED)
        seconds = -(-wait_ms // 1000)
        detail = messages_zh.TOO_MANY_LOGINS.format(seconds=seconds)
        raise Problem(429, detail, headers={"Retry-After": str(seconds)})
    principal = await _found(services, sessions, login)
    if principal is None:
        limit.failed(client, now)
        await note_failure(request, Failure.LINK if login.link else Failure.TOKEN)
        raise Problem(401, messages_zh.WRONG_LINK if login.link else messages_zh.WRONG_TOKEN)
    await services.ledger.run(lambda tx: audit.write(tx, now, principal.person or principal.token, "logged in"))
    until = sessions.link_until(login.link, now) if login.link else None
    answer = shown(services, session_view(services, principal))
    longest_ms = SESSION_MS if until is None else until - now
    _set_cookie(request, answer, sessions.begin(principal, now, until), -(-longest_ms // 1000))
    return answer


@router.get("/session", summary="Who is logged in")
async def read_session(services: Asked, who: Who) -> Answer[Session]:
    return shown(services, session_view(services, who))


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(
    request: Request, services: Asked, _who: Who, sessions: Annotated[Sessions, Depends(sessions_of)]
) -> Response:
    sessions.end(request.cookies.get(COOKIE, ""), services.clock())
    answer = Response(status_code=204)
    _set_cookie(request, answer, "", 0)
    return answer


def session_view(services: Services, who: Principal) -> Session:
    person = services.registry.community().people.get(who.person or "")
    return Session(
        role=who.access,
        person=Named(id=person.id, name=person.name) if person else None,
        alert=who.alert,
        place=who.place,
        site=Site(name=services.site.name, timezone=services.site.zone.key),
    )


async def _found(services: Services, sessions: Sessions, login: Login) -> Principal | None:
    if login.link:
        found = sessions.from_link(login.link, services.clock())
        return found if found is not None and found.person in services.registry.community().people else None
    if login.token:
        return await by_token(services, login.token.strip())
    raise faulty(FieldFault("token", messages_zh.FIELD_FAULTS["missing"]))


def _set_cookie(request: Request, answer: Response, value: str, max_age: int) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="strict")
