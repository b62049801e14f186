"""`/callbacks/{channel}/{secret}`: callbacks of providers. A wrong secret and an unknown channel are both 404."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from console import messages_zh
from console.dependencies import CallbackEndpoint
from console.http import examples
from console.http.authorization import record_login_failure
from console.http.openapi import TextResponse, documented_router
from console.http.problems import Problem, not_found
from console.http.requests import Deps
from console.http.requirements import SECRET_IN_ADDRESS
from console.security.auth import LoginFailure, constant_time_equal
from domain.secret import Secret

router = documented_router(tags=["callbacks"], dependencies=[SECRET_IN_ADDRESS])

BODY_BYTES_MAX: Final = 64 * 1024
_NO_SECRET: Final = Secret("")


@router.get("/callbacks/{channel}/{secret}", include_in_schema=False)
@router.post(
    "/callbacks/{channel}/{secret}",
    summary="A provider reports a receipt, a reply or a pressed button",
    response_class=TextResponse,
    openapi_extra=examples.any_body("In the provider's format: form fields, JSON or XML"),
)
async def receive(request: Request, deps: Deps, channel: str, secret: str) -> Response:
    endpoint = _find_endpoint(deps, channel, secret)
    if endpoint is None:
        await record_login_failure(request, LoginFailure.CALLBACK)
        raise not_found("path")
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise Problem(413, messages_zh.TOO_LARGE.format(limit=BODY_BYTES_MAX))
    reply = await endpoint.handle(dict(request.headers), dict(request.query_params), body)
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _find_endpoint(deps: Deps, channel: str, secret: str) -> CallbackEndpoint | None:
    endpoint = deps.intake.callbacks.get(channel)
    # Compared for unknown channels too, so that the response time does not reveal which exist.
    is_valid = constant_time_equal(secret, (endpoint.secret if endpoint else _NO_SECRET).reveal())
    return endpoint if is_valid and secret else None
