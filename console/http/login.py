"""Opens a session after any successful login: the stored row, the audit entry, and the cookies."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from console import access_messages_zh
from console.http.authorization import client_address, get_sessions, principal_of_user
from console.http.problems import Problem
from console.http.requests import get_dependencies
from console.security.auth import COOKIE, SESSION_MS, Principal, new_session_id, session_expiry
from console.security.login_guard import DEVICE_COOKIE, DEVICE_MS, LoginGuard
from domain import Instant
from store.database.system import audit, sessions, users

AGENT_MAX = 200


async def open_user_session(request: Request, response: Response, account: users.User, now: Instant) -> None:
    """The session of a user. 401 when he was disabled or got another password while his own was checked: a reset ends
    the sessions that are open then, and this one would be opened after it."""
    await open_session(request, response, principal_of_user(account), now, account=account)


async def open_session(
    request: Request,
    response: Response,
    principal: Principal,
    now: Instant,
    until: Instant | None = None,
    account: users.User | None = None,
) -> None:
    """Store a session and set its cookie. `until`: when the worker's link ends that it was opened with."""
    deps, signer = await get_dependencies(request), await get_sessions(request)
    expires = session_expiry(principal, now, until)
    session = sessions.Session(
        new_session_id(),
        principal.token,
        principal.user,
        principal.person,
        now,
        now,
        expires,
        address=client_address(request),
        agent=request.headers.get("user-agent", "")[:AGENT_MAX],
    )

    def work(tx: Any) -> None:
        if account is not None and not users.is_unchanged(tx, account):
            raise Problem(401, access_messages_zh.WRONG_PASSWORD)
        sessions.create(tx, session)
        actor = principal.person or principal.token
        audit.record(tx, now, actor, "logged in", {"address": session.address})

    await deps.database.write(work)
    max_age_ms = SESSION_MS if until is None else until - now
    set_session_cookie(request, response, signer.create(principal, now, until, session.id), -(-max_age_ms // 1000))
    if principal.user is not None:
        guard: LoginGuard = request.app.state.login_guard
        _set_cookie(request, response, DEVICE_COOKIE, guard.device_cookie(principal.user, now), DEVICE_MS // 1000)


def set_session_cookie(request: Request, response: Response, value: str, max_age_s: int) -> None:
    """Set the session cookie; an empty value deletes it."""
    _set_cookie(request, response, COOKIE, value, max_age_s)


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=secure, httponly=True, samesite="strict")
