"""`/tokens`: an administrator gives out and ends access tokens. A token is shown once, when it is made."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import Request
from msgspec.structs import asdict
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.http import examples
from console.http.authorization import Registrar
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, faulty, no_such
from console.http.requests import Asked, listed, shown, written_one
from console.schemas import service as schema
from console.schemas.parts import Page
from console.security.auth import Access, token_hash
from console.timestamps import typed
from console.views.records import Written
from ingest.http_push import SOURCES
from store.database.system import audit, tokens

router = described_router(tags=["tokens"])


class WrittenToken(Written):
    """Whom the token is for, and the place or the platform it is limited to."""

    role: Annotated[Access, Field(strict=False)]
    person: str | None = None
    place: str | None = None
    platform: str | None = None


_TOKEN = TypeAdapter(WrittenToken)


@router.get("/tokens", summary="Tokens given out, without the tokens themselves")
async def list_tokens(services: Asked, _who: Registrar) -> Answer[Page[schema.Token]]:
    return listed(services, [typed(schema.Token, one) for one in await services.ledger.read(tokens.everything)])


@router.post(
    "/tokens",
    status_code=201,
    summary="A new token; this answer is the only place that shows it",
    openapi_extra=examples.body(examples.TOKEN, _TOKEN),
)
async def create_token(request: Request, services: Asked, who: Registrar) -> Answer[schema.NewToken]:
    wanted, now = await written_one(request, _TOKEN), services.clock()
    community = services.registry.community()
    if wanted.person is not None and wanted.person not in community.people:
        raise faulty(FieldFault("person", messages_zh.UNKNOWN_PERSON.format(person=wanted.person)))
    if wanted.place is not None and wanted.place not in community.places:
        raise faulty(FieldFault("place", messages_zh.UNKNOWN_PLACE.format(place=wanted.place)))
    if wanted.platform is not None and (wanted.role is not Access.DEVICE or wanted.platform not in SOURCES):
        raise faulty(FieldFault("platform", messages_zh.ONE_PLATFORM.format(known="、".join(SOURCES))))
    text = secrets.token_urlsafe(32)
    identifier = f"t-{secrets.token_hex(4)}"
    token = tokens.Token(
        identifier, token_hash(text), wanted.role, wanted.person, wanted.place, now, platform=wanted.platform
    )

    def work(tx: Any) -> None:
        tokens.create(tx, token)
        audit.write(tx, now, who.token, "token created", {"token": token.id, "role": token.role})

    await services.ledger.run(work)
    return shown(services, typed(schema.NewToken, {**asdict(token), "token": text}), 201)


@router.delete("/tokens/{token_id}", status_code=204, summary="End a token and its sessions")
async def revoke_token(services: Asked, who: Registrar, token_id: str) -> Response:
    now = services.clock()

    def work(tx: Any) -> bool:
        ended = tokens.revoke(tx, token_id, now)
        if ended:
            audit.write(tx, now, who.token, "token revoked", {"token": token_id})
        return ended

    if not await services.ledger.run(work):
        raise no_such("token", token_id)
    return Response(status_code=204)
