"""`/account`: what a user does about himself: password, PIN, and the sessions that he has open."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from console import access_messages_zh, messages_zh
from console.api.users import end_session, session_views
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body
from console.http.requirements import NonLinkUser
from console.schemas import access as schema
from console.schemas.references import Page
from console.security.auth import LoginRateLimit, Principal
from console.security.passwords import LENGTH_MAX, password_fault
from console.security.pins import new_pin, pin_digest
from console.views.records import StrictModel
from store.database.system import audit, sessions, users

router = documented_router(tags=["account"])

Password = Annotated[str, Field(min_length=1, max_length=LENGTH_MAX)]


class PasswordBody(StrictModel):
    """The present password, and the one that replaces it."""

    old: Password
    new: Password


_PASSWORD_BODY = TypeAdapter(PasswordBody)


@router.put(
    "/account/password",
    status_code=204,
    summary="Choose a password; ends the user's other sessions",
    openapi_extra=examples.request_body(examples.NEW_PASSWORD, _PASSWORD_BODY),
)
async def change_password(request: Request, deps: Deps, user: NonLinkUser) -> Response:
    account = await _own_account(deps, user)
    if account.password is None:
        raise Problem(409, access_messages_zh.NO_PASSWORD_LOGIN)
    body, now = await parse_body(request, _PASSWORD_BODY), deps.clock()
    limit: LoginRateLimit = request.app.state.pins
    attempt = f"password {account.id}"
    wait_ms = limit.wait_ms(attempt, now)
    if wait_ms:
        seconds = -(-wait_ms // 1000)
        raise Problem(429, messages_zh.TOO_MANY_LOGINS.format(seconds=seconds), headers={"Retry-After": str(seconds)})
    limit.record_failure(attempt, now)
    present = account.password
    if not await deps.security.passwords.verify(present, body.old):
        await deps.database.write(lambda tx: audit.record(tx, now, user.token, "wrong password", {"user": account.id}))
        raise invalid(FieldError("old", access_messages_zh.OLD_PASSWORD_WRONG))
    limit.forget_failure(attempt)
    fault = access_messages_zh.PASSWORD_SAME if body.new == body.old else password_fault(body.new, account.id)
    if fault is not None:
        raise invalid(FieldError("new", fault))
    hashed = await deps.security.passwords.hash(body.new)

    def work(tx: Any) -> None:
        columns = {"password": hashed, "must_change": False, "password_at": now}
        if not users.replace_password(tx, account.id, present, **columns):
            raise invalid(FieldError("old", access_messages_zh.OLD_PASSWORD_WRONG))
        sessions.end_of_user(tx, account.id, now, but=user.session)
        audit.record(tx, now, user.token, "password changed", {"user": account.id})

    await deps.database.write(work)
    return Response(status_code=204)


@router.post("/account/pin", status_code=201, summary="A new PIN, with which the user names himself at a shared desk")
async def renew_pin(deps: Deps, user: NonLinkUser) -> JsonResponse[schema.NewPin]:
    account, now, pin = await _own_account(deps, user), deps.clock(), new_pin()
    if account.person is None:
        raise Problem(409, access_messages_zh.NO_PERSON_OF_USER)
    digest = pin_digest(deps.security.signing_key.reveal().encode(), f"user:{account.id}", account.person, pin)

    def work(tx: Any) -> None:
        users.change(tx, account.id, pin=digest)
        audit.record(tx, now, user.token, "PIN renewed", {"user": account.id})

    await deps.database.write(work)
    return item_response(deps, schema.NewPin(pin=pin), 201)


@router.get("/account/sessions", summary="The user's open sessions")
async def list_own_sessions(deps: Deps, user: NonLinkUser) -> JsonResponse[Page[schema.OpenSession]]:
    account = await _own_account(deps, user)
    return list_response(deps, await session_views(deps, user, account.id))


@router.delete("/account/sessions/{session_id}", status_code=204, summary="End one of the user's sessions")
async def end_own_session(deps: Deps, user: NonLinkUser, session_id: str) -> Response:
    account, now = await _own_account(deps, user), deps.clock()
    session = await deps.database.read(lambda tx: sessions.get(tx, session_id, now))
    if session is None or session.user != account.id:
        raise not_found("session", session_id)
    return await end_session(deps, user, session_id)


async def _own_account(deps: Deps, user: Principal) -> users.User:
    """The account of the logged-in user; 409 for a token."""
    name = user.user
    account = None if name is None else await deps.database.read(lambda tx: users.get(tx, name))
    if account is None:
        raise Problem(409, access_messages_zh.NOT_A_USER)
    return account
