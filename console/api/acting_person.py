"""Who acts with a request: the person of the login, one an operator acts for, or one who shares the login and proves
himself with his PIN: of the shared token, or of his own account."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from alerts.alert import Actor, ResponseSource
from alerts.lifecycle.separation import shared_principal
from console import messages_zh
from console.api.alerts import resolve_actor
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps
from console.security.auth import LoginRateLimit, Principal, constant_time_equal
from console.security.pins import pin_digest
from domain import Instant
from store.database.system import audit, tokens, users


async def acting_person(request: Request, deps: Deps, user: Principal, person_id: str | None, pin: str | None) -> Actor:
    """The actor of an action. With a `pin` the person proves himself: 403 unless the PIN is his."""
    if pin is None:
        return resolve_actor(deps, user, person_id)
    person = deps.registry.community().people.get(person_id or "")
    if person is None:
        raise invalid(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=person_id or "")))
    now = deps.clock()
    digests = await deps.database.read(lambda tx: _pin_digests(tx, user, person.id, now))
    # Nothing is awaited from here to the count of a failure: requests at the same time would all pass the limit.
    limit: LoginRateLimit = request.app.state.pins
    attempt = f"{user.token} {person.id}"
    wait_ms = limit.wait_ms(attempt, now)
    if wait_ms:
        seconds = -(-wait_ms // 1000)
        raise Problem(429, messages_zh.TOO_MANY_CODES.format(seconds=seconds), headers={"Retry-After": str(seconds)})
    key = deps.security.signing_key.reveal().encode()
    matches = [constant_time_equal(stored, pin_digest(key, of, person.id, pin)) for of, stored in digests]
    if not any(matches):
        limit.record_failure(attempt, now)
        await deps.database.write(lambda tx: audit.record(tx, now, user.token, "wrong PIN", {"for": person.id}))
        raise Problem(403, messages_zh.WRONG_PIN.format(person=person.name))
    via = ResponseSource.SCREEN if user.by_cookie else ResponseSource.API
    return Actor(person.id, person.name, via, user.role, principal=shared_principal(user.token, person.id))


def _pin_digests(tx: Any, user: Principal, person: str, now: Instant) -> list[tuple[str, str]]:
    """What the PIN is compared with: the digest of the shared token, and those of the person's own accounts."""
    token = tokens.get(tx, user.token, now)
    shared = "" if token is None else (token.people or {}).get(person, "")
    own = [(f"user:{one.id}", one.pin) for one in users.find_by_person(tx, person) if one.pin is not None]
    return [(user.token, shared), *own]
