"""Puts the endpoints together: what is open to all, what needs a login, what answers when nothing else does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response

from console import docs, problems
from console.api import (
    alerts,
    callbacks,
    community,
    devices,
    health,
    push,
    readings,
    refusals,
    rules,
    session,
    stream,
    tokens,
    why,
)
from console.auth import LoginLimit, Sessions
from console.cursors import Cursors
from console.guards import BodyLimit, SecurityHeaders
from console.services import Services
from console.static import Pages
from console.stream import AlertFeed

TITLE: Final = "枫哨 API"
HEARTBEAT_S: Final = 15.0
STATUS_EVERY_S: Final = 2.0

_ENDPOINTS: Final = (
    alerts.router,
    devices.router,
    readings.router,
    *community.ROUTERS,
    rules.router,
    refusals.router,
    why.router,
    stream.router,
    session.router,
    tokens.router,
    push.router,
    callbacks.router,
)


def create_app(
    services: Services, *, heartbeat_s: float = HEARTBEAT_S, status_every_s: float = STATUS_EVERY_S
) -> FastAPI:
    """The whole HTTP side of the house over these services."""
    app = FastAPI(
        title=TITLE,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lambda _app: _live(services, status_every_s),
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    key = services.signing_key.reveal().encode()
    app.state.services = services
    app.state.sessions = Sessions(key)
    app.state.cursors = Cursors(key)
    app.state.logins = LoginLimit()
    app.state.heartbeat_s = heartbeat_s
    problems.install(app)
    app.include_router(_api())
    app.include_router(health.router)
    app.add_api_route("/docs", _docs(app), include_in_schema=False)
    app.router.default = Pages(services.dist)
    return app


def _api() -> APIRouter:
    api = APIRouter(prefix="/api/v1")
    for router in _ENDPOINTS:
        api.include_router(router)
    return api


def _docs(app: FastAPI) -> Any:
    async def read_docs() -> Response:
        return HTMLResponse(docs.page(TITLE, app.openapi()))

    return read_docs


@contextlib.asynccontextmanager
async def _live(services: Services, status_every_s: float) -> AsyncIterator[None]:
    """While the server runs: changes of alerts and the status go out on the stream."""
    feed = AlertFeed(services.hub, lambda alert_id: alerts.feed_view(services, alert_id))
    tasks = [asyncio.create_task(feed.run()), asyncio.create_task(_tell_status(services, status_every_s))]
    try:
        yield
    finally:
        services.hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell_status(services: Services, every_s: float) -> None:
    while True:
        services.hub.publish_status(services.status())
        await asyncio.sleep(every_s)
