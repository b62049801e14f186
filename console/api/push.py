"""`POST /readings?platform=&token=`: readings pushed over HTTP take the same way as those that come by MQTT.

Each platform's own source (ingest/sources) makes the frames it would have published; 2xx only once they are journaled.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from console import messages_zh
from console.dependencies import Services
from console.http import examples
from console.http.authorization import asking, by_token, demand, note_failure
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty
from console.http.requests import Asked, shown
from console.schemas.messages import Accepted
from console.security.auth import Failure, Principal
from ingest.http_push import SOURCES, Receive
from ingest.http_push import Answer as Refused
from ingest.http_push.signatures import SIGNED
from store.database import registry

router = described_router(tags=["readings"])


@router.post(
    "/readings",
    summary="Push readings; answered when they are in the journal",
    openapi_extra=examples.pushed(examples.READING),
)
async def push(
    request: Request,
    services: Asked,
    platform: Annotated[str, Query()] = "native",
    token: Annotated[str | None, Query(description="for senders that cannot set a header")] = None,
) -> Answer[Accepted]:
    who = await _pusher(request, services, token)
    demand(who, "push")
    if who.platform not in (None, platform):
        raise Problem(403, messages_zh.OTHER_PLATFORM.format(platform=who.platform))
    secret, source = services.intake.push_secrets.get(platform), SOURCES.get(platform)
    if secret is not None and not SIGNED[platform](request.headers, secret.reveal()):
        await note_failure(request, Failure.SIGNATURE)
        raise Problem(401, messages_zh.WRONG_SIGNATURE)
    if source is None:
        detail = messages_zh.UNKNOWN_PLATFORM.format(platform=platform, known="、".join(SOURCES))
        raise faulty(FieldFault("platform", detail))
    return await _take(request, services, source, {})


@router.post("/{token}/telemetry", include_in_schema=False)
async def thingsboard_telemetry(request: Request, services: Asked, token: str) -> Answer[Accepted]:
    return await _thingsboard(request, services, token, "telemetry")


@router.post("/{token}/attributes", include_in_schema=False)
async def thingsboard_attributes(request: Request, services: Asked, token: str) -> Answer[Accepted]:
    return await _thingsboard(request, services, token, "attributes")


async def _thingsboard(request: Request, services: Services, token: str, leaf: str) -> Answer[Accepted]:
    """ThingsBoard's device API: the access token in the path is the device's identity, and its only key."""
    device = await services.ledger.read(lambda tx: registry.find_identity(tx, "thingsboard", token))
    if device is None:
        await note_failure(request, Failure.DEVICE)
        raise Problem(401, messages_zh.WRONG_TOKEN)
    return await _take(request, services, SOURCES["thingsboard"], {"token": token, "leaf": leaf})


async def _take(request: Request, services: Services, source: Receive, path: dict[str, str]) -> Answer[Accepted]:
    if services.intake.accept is None:
        raise Problem(404, messages_zh.NOT_OFFERED)
    query = {name: value for name, value in request.query_params.items() if name != "token"} | path
    frames = source(dict(request.headers), query, await request.body(), services.clock())
    if isinstance(frames, Refused):
        faults = [FieldFault(frames.field, frames.detail)] if frames.field else []
        raise Problem(frames.status, frames.detail, faults)
    await services.intake.accept(frames)
    return shown(services, Accepted(accepted=len(frames)))


async def _pusher(request: Request, services: Services, token: str | None) -> Principal:
    principal = await by_token(services, token) if token else await asking(request)
    if principal is None and (token or request.headers.get("authorization")):
        await note_failure(request, Failure.TOKEN)
    if principal is None or principal.by_cookie:
        raise Problem(
            401, messages_zh.WRONG_TOKEN if token else messages_zh.NOT_LOGGED_IN, headers={"WWW-Authenticate": "Bearer"}
        )
    return principal
