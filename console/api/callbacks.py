"""`/callbacks/{channel}/{secret}`: the providers' way in. A wrong secret and an unknown channel look the same: 404."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from console import messages_zh
from console.dependencies import CallbackDoor, Secret, Services
from console.http import examples
from console.http.authorization import note_failure
from console.http.openapi import TextAnswer, described_router
from console.http.problems import Problem, no_such
from console.http.requests import Asked
from console.security.auth import Failure, same

router = described_router(tags=["callbacks"])

BODY_LIMIT: Final = 64 * 1024
_NO_DOOR: Final = Secret("")


@router.get("/callbacks/{channel}/{secret}", include_in_schema=False)
@router.post(
    "/callbacks/{channel}/{secret}",
    summary="A provider reports a receipt, a reply or a pressed button",
    response_class=TextAnswer,
    openapi_extra=examples.anything("As the provider writes it: form fields, JSON or XML"),
)
async def receive(request: Request, services: Asked, channel: str, secret: str) -> Response:
    door = _door(services, channel, secret)
    if door is None:
        await note_failure(request, Failure.CALLBACK)
        raise no_such("path")
    body = await request.body()
    if len(body) > BODY_LIMIT:
        raise Problem(413, messages_zh.TOO_LARGE.format(limit=BODY_LIMIT))
    answer = await door.receive(dict(request.headers), dict(request.query_params), body)
    return Response(answer.body, answer.status, media_type=answer.content_type)


def _door(services: Services, channel: str, secret: str) -> CallbackDoor | None:
    door = services.intake.callbacks.get(channel)
    # Compared even when there is no such channel, so that the time taken tells nothing.
    right = same(secret, (door.secret if door else _NO_DOOR).reveal())
    return door if right and secret else None
