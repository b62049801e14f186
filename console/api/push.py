"""`POST /readings?platform=&token=`: readings pushed over HTTP take the same way as those that come by MQTT.

Each becomes a frame with the topic its platform would have used, and is answered once it is in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from console import words
from console.api import examples
from console.api.asking import Answer, Asked, written_raw
from console.api.guarding import asking, by_token, demand
from console.auth import Principal
from console.problems import FieldFault, Problem, faulty
from console.services import Services
from ingest.frame import Frame

router = APIRouter(tags=["readings"])

Topics = dict[str, bytes]
"""Payload by topic."""


@router.post(
    "/readings",
    summary="Push readings; answered when they are in the journal",
    openapi_extra=examples.body(examples.READING),
)
async def push(
    request: Request,
    services: Asked,
    platform: Annotated[str, Query()] = "native",
    token: Annotated[str | None, Query(description="for senders that cannot set a header")] = None,
) -> Response:
    demand(await _pusher(request, services, token), "push")
    if services.accept is None:
        raise Problem(404, words.NOT_OFFERED)
    split = _SPLIT.get(platform)
    if split is None:
        detail = words.UNKNOWN_PLATFORM.format(platform=platform, known="、".join(_SPLIT))
        raise faulty(FieldFault("platform", detail))
    topics = split(await written_raw(request), request.query_params)
    now = services.clock()
    await services.accept([Frame(topic, payload, now, "http", 1) for topic, payload in topics.items()])
    return Answer({"accepted": len(topics)})


async def _pusher(request: Request, services: Services, token: str | None) -> Principal:
    principal = await by_token(services, token) if token else await asking(request)
    if principal is None or principal.by_cookie:
        raise Problem(401, words.WRONG_TOKEN if token else words.NOT_LOGGED_IN, headers={"WWW-Authenticate": "Bearer"})
    return principal


def native(body: Any, query: Mapping[str, str]) -> Topics:
    """One object or an array of them; the device is in the query, or in each object as `device`."""
    named: dict[str, list[Any]] = {}
    for index, one in enumerate(body if isinstance(body, list) else [body]):
        device = query.get("device") or (one.pop("device", None) if isinstance(one, dict) else None)
        if not isinstance(device, str) or not _fits_topic(device):
            raise faulty(FieldFault(f"[{index}].device" if isinstance(body, list) else "device", words.ID_SHAPE))
        named.setdefault(device, []).append(one)
    return {f"fengshao/v1/{device}/up": msgspec.json.encode(rows) for device, rows in named.items()}


def chirpstack(body: Any, query: Mapping[str, str]) -> Topics:
    """ChirpStack's HTTP integration: the MQTT event's own JSON, and which event it is in `event`."""
    found = body.get("deviceInfo") if isinstance(body, dict) else None
    info = found if isinstance(found, dict) else {}
    application, eui = str(info.get("applicationId", "")), str(info.get("devEui", ""))
    event = query.get("event", "up")
    for field, text in (("deviceInfo.applicationId", application), ("deviceInfo.devEui", eui), ("event", event)):
        if not _fits_topic(text):
            raise faulty(FieldFault(field, words.ID_SHAPE))
    return {f"application/{application}/device/{eui}/event/{event}": msgspec.json.encode(body)}


def _fits_topic(text: str) -> bool:
    return 0 < len(text) <= 128 and text.isprintable() and not set(text) & set("/+# ")


_SPLIT: Final[dict[str, Callable[[Any, Mapping[str, str]], Topics]]] = {"native": native, "chirpstack": chirpstack}
