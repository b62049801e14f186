"""Who acts with a request: the person of the login, one an operator acts for, or one who shares the token and proves
himself with his PIN."""

from __future__ import annotations

from fastapi import Request

from alerts.alert import Actor, ResponseSource
from alerts.lifecycle.separation import shared_principal
from console import messages_zh
from console.api.alerts import resolve_actor
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps
from console.security.auth import LoginRateLimit, Principal, constant_time_equal
from console.security.pins import pin_digest
from store.database.system import audit, tokens


async def acting_person(request: Request, deps: Deps, user: Principal, person_id: str | None, pin: str | None) -> Actor:
    """The actor of an action. With a `pin` the person is checked against the token: 403 unless it is shared by him."""
    if pin is None:
        return resolve_actor(deps, user, person_id)
    person = deps.registry.community().people.get(person_id or "")
    if person is None:
        raise invalid(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=person_id or "")))
    token = await deps.database.read(lambda tx: tokens.get(tx, user.token))
    # Nothing is awaited from here to the count of a failure: requests at the same time would all pass the limit.
    limit: LoginRateLimit = request.app.state.pins
    attempt, now = f"{user.token} {person.id}", deps.clock()
    wait_ms = limit.wait_ms(attempt, now)
    if wait_ms:
        seconds = -(-wait_ms // 1000)
        raise Problem(429, messages_zh.TOO_MANY_CODES.format(seconds=seconds), headers={"Retry-After": str(seconds)})
    stored = "" if token is None else (token.people or {}).get(person.id, "")
    key = deps.security.signing_key.reveal().encode()
    if not constant_time_equal(stored, pin_digest(key, user.token, person.id, pin)):
        limit.record_failure(attempt, now)
        await deps.database.write(lambda tx: audit.record(tx, now, user.token, "wrong PIN", {"for": person.id}))
        raise Problem(403, messages_zh.WRONG_PIN.format(person=person.name))
    via = ResponseSource.SCREEN if user.by_cookie else ResponseSource.API
    return Actor(person.id, person.name, via, user.role, principal=shared_principal(user.token, person.id))
