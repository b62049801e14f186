"""`/tokens`: access tokens. The text of a token is returned once, when it is created."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Final

from fastapi import Request
from msgspec.structs import asdict
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from console import access_messages_zh, messages_zh
from console.http import examples
from console.http.authorization import SINGLE_PURPOSE
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body, parse_time_field
from console.http.requirements import RegistryAdmin
from console.partners import CARE_SYSTEM
from console.schemas import service as schema
from console.schemas.references import Page
from console.security.auth import AccessRole, hash_token
from console.security.pins import new_pin, pin_digest
from console.security.scopes import TokenScope
from console.timestamps import to_schema
from console.views.records import StrictModel
from ingest.http_push import PUSH_SOURCES
from store.database.system import audit, tokens

router = documented_router(tags=["tokens"])

PEOPLE_MAX: Final = 50


class TokenBody(StrictModel):
    """Role and person of a token, and the place or platform it is limited to. `people` share it: the response has a PIN
    for each, with which he names himself in an action (`person`, `pin`). `scope` limits it to a part of its role, after
    `expires_at` it is invalid, `name` says what it is for."""

    role: Annotated[AccessRole, Field(strict=False)]
    person: str | None = None
    place: str | None = None
    platform: str | None = None
    people: Annotated[list[str], Field(max_length=PEOPLE_MAX, default_factory=list)]
    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    scope: Annotated[TokenScope, Field(strict=False)] | None = None
    expires_at: str | None = None


_TOKEN_BODY = TypeAdapter(TokenBody)


@router.get("/tokens", summary="Access tokens, without their text")
async def list_tokens(deps: Deps, _user: RegistryAdmin) -> JsonResponse[Page[schema.Token]]:
    return list_response(
        deps, [to_schema(schema.Token, _view(token)) for token in await deps.database.read(tokens.list_tokens)]
    )


@router.post(
    "/tokens",
    status_code=201,
    summary="Create a token; only this response contains its text",
    openapi_extra=examples.request_body(examples.TOKEN, _TOKEN_BODY),
)
async def create_token(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.NewToken]:
    body, now = await parse_body(request, _TOKEN_BODY), deps.clock()
    _check_references(deps, body)
    _check_system(deps, body)
    expires_at = parse_time_field(deps, "expires_at", body.expires_at)
    if expires_at is not None and expires_at <= now:
        raise invalid(FieldError("expires_at", access_messages_zh.BAD_EXPIRY))
    if body.scope is not None and body.role in SINGLE_PURPOSE:
        raise invalid(FieldError("scope", access_messages_zh.SCOPE_NEEDS_PERSONAL_ROLE.format(role=body.role)))
    text = secrets.token_urlsafe(32)
    identifier = f"t-{secrets.token_hex(4)}"
    pins = {person: new_pin() for person in body.people}
    key = deps.security.signing_key.reveal().encode()
    digests = {person: pin_digest(key, identifier, person, pin) for person, pin in pins.items()}
    token = tokens.Token(
        identifier,
        hash_token(text),
        body.role,
        body.person,
        body.place,
        now,
        platform=body.platform,
        people=digests or None,
        name=body.name,
        scope=body.scope,
        expires_at=expires_at,
    )

    def work(tx: Any) -> None:
        tokens.create(tx, token)
        limits = {"person": token.person, "place": token.place, "scope": token.scope, "expires_at": token.expires_at}
        given = {name: value for name, value in limits.items() if value is not None}
        audit.record(tx, now, user.token, "token created", {"token": token.id, "role": token.role, **given})

    await deps.database.write(work)
    return item_response(deps, to_schema(schema.NewToken, {**_view(token), "token": text, "pins": pins}), 201)


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token and its sessions")
async def revoke_token(deps: Deps, user: RegistryAdmin, token_id: str) -> Response:
    now = deps.clock()

    def work(tx: Any) -> bool:
        ended = tokens.revoke(tx, token_id, now)
        if ended:
            audit.record(tx, now, user.token, "token revoked", {"token": token_id})
        return ended

    if not await deps.database.write(work):
        raise not_found("token", token_id)
    return Response(status_code=204)


def _view(token: tokens.Token) -> dict[str, Any]:
    """The token without digests."""
    return {**asdict(token), "people": list(token.people or ())}


def _check_system(deps: Deps, body: TokenBody) -> None:
    """A token of an outside system names the system: it may do nothing for another one."""
    known = [] if deps.exchange is None else [*deps.exchange.systems, CARE_SYSTEM]
    if body.role is AccessRole.EXCHANGE and body.platform not in known:
        raise invalid(FieldError("platform", messages_zh.PLATFORM_NEEDS_SYSTEM.format(known="、".join(known))))

    if (
        body.platform is not None
        and body.role is not AccessRole.EXCHANGE
        and (body.role is not AccessRole.DEVICE or body.platform not in PUSH_SOURCES)
    ):
        raise invalid(
            FieldError("platform", messages_zh.PLATFORM_NEEDS_DEVICE_ROLE.format(known="、".join(PUSH_SOURCES)))
        )


def _check_references(deps: Deps, body: TokenBody) -> None:
    """422 for people and places that are not registered."""
    community = deps.registry.community()
    if body.person is not None and body.person not in community.people:
        raise invalid(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=body.person)))
    unknown = [person for person in body.people if person not in community.people]
    if unknown:
        raise invalid(FieldError("people", messages_zh.UNKNOWN_PERSON.format(person=unknown[0])))
    if body.people and body.person is not None:
        raise invalid(FieldError("people", messages_zh.SHARED_OR_PERSONAL))
    if body.place is not None and body.place not in community.places:
        raise invalid(FieldError("place", messages_zh.UNKNOWN_PLACE.format(place=body.place)))
