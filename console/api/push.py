"""`POST /readings?platform=&token=`: readings pushed over HTTP, processed like those received over MQTT.

The push source of the platform (ingest.http_push) converts the request to frames; 2xx only once they are journaled.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from console import messages_zh
from console.http import examples
from console.http.authorization import authenticate, principal_of_token, record_login_failure
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, item_response
from console.http.requirements import SECRET_IN_ADDRESS, Requirement
from console.schemas.messages import PushResult
from console.security.auth import LoginFailure, Principal
from ingest.http_push import PUSH_SOURCES, PushRejected, PushSource
from ingest.http_push.signatures import SIGNATURE_CHECKS
from store.database import registry

router = documented_router(tags=["readings"])


class PushRequirement(Requirement):
    """A token in the header or the address; no session of a browser."""

    async def __call__(  # type: ignore[override]
        self,
        request: Request,
        deps: Deps,
        token: Annotated[str | None, Query(description="for senders that cannot set a header")] = None,
    ) -> Principal:
        principal = await principal_of_token(deps, token) if token else await authenticate(request)
        if principal is None and (token or request.headers.get("authorization")):
            await record_login_failure(request, LoginFailure.TOKEN)
        if principal is None or principal.by_cookie:
            detail = messages_zh.WRONG_TOKEN if token else messages_zh.NOT_LOGGED_IN
            raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
        self.enforce(principal)
        return principal


@router.post(
    "/readings",
    summary="Push readings; answered when they are in the journal",
    openapi_extra=examples.push_body(examples.READING),
)
async def push(
    request: Request,
    deps: Deps,
    user: Annotated[Principal, Depends(PushRequirement("push"))],
    platform: Annotated[str, Query()] = "native",
) -> JsonResponse[PushResult]:
    if user.platform not in (None, platform):
        raise Problem(403, messages_zh.OTHER_PLATFORM.format(platform=user.platform))
    secret, source = deps.intake.push_secrets.get(platform), PUSH_SOURCES.get(platform)
    if secret is not None and not SIGNATURE_CHECKS[platform](request.headers, secret.reveal()):
        await record_login_failure(request, LoginFailure.SIGNATURE)
        raise Problem(401, messages_zh.WRONG_SIGNATURE)
    if source is None:
        detail = messages_zh.UNKNOWN_PLATFORM.format(platform=platform, known="、".join(PUSH_SOURCES))
        raise invalid(FieldError("platform", detail))
    return await _accept(request, deps, source, {})


@router.post("/{token}/telemetry", dependencies=[SECRET_IN_ADDRESS], include_in_schema=False)
async def thingsboard_telemetry(request: Request, deps: Deps, token: str) -> JsonResponse[PushResult]:
    return await _thingsboard(request, deps, token, "telemetry")


@router.post("/{token}/attributes", dependencies=[SECRET_IN_ADDRESS], include_in_schema=False)
async def thingsboard_attributes(request: Request, deps: Deps, token: str) -> JsonResponse[PushResult]:
    return await _thingsboard(request, deps, token, "attributes")


async def _thingsboard(request: Request, deps: Deps, token: str, leaf: str) -> JsonResponse[PushResult]:
    """ThingsBoard's device API: the access token in the path is the device's identity, and its only key."""
    device = await deps.database.read(lambda tx: registry.find_device(tx, "thingsboard", token))
    if device is None:
        await record_login_failure(request, LoginFailure.DEVICE)
        raise Problem(401, messages_zh.WRONG_TOKEN)
    return await _accept(request, deps, PUSH_SOURCES["thingsboard"], {"token": token, "leaf": leaf})


async def _accept(request: Request, deps: Deps, source: PushSource, path: dict[str, str]) -> JsonResponse[PushResult]:
    if deps.intake.accept is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    query = {name: value for name, value in request.query_params.items() if name != "token"} | path
    frames = source(dict(request.headers), query, await request.body(), deps.clock())
    if isinstance(frames, PushRejected):
        faults = [FieldError(frames.field, frames.detail)] if frames.field else []
        raise Problem(frames.status, frames.detail, faults)
    await deps.intake.accept(frames)
    return item_response(deps, PushResult(accepted=len(frames)))
