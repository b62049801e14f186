"""Puts the endpoints together: what is open to all, what needs a login, what answers when nothing else does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from console.api import (
    alerts,
    callbacks,
    cap,
    devices,
    doctor,
    health,
    latches,
    push,
    readings,
    refusals,
    registry,
    rule_tools,
    rules,
    session,
    silences,
    site_files,
    stream,
    tokens,
    town_map,
    why,
)
from console.dependencies import Services
from console.events import AlertFeed
from console.http import api_docs, examples, problems
from console.http.middleware import BodyLimit, SecurityHeaders
from console.http.openapi import document
from console.http.page_cursors import Cursors
from console.http.static_files import Pages
from console.security.auth import FailedLogins, LoginLimit, Sessions

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15.0
STATUS_EVERY_S: Final = 2.0

_ENDPOINTS: Final = (
    alerts.router,
    doctor.router,
    devices.router,
    readings.router,
    town_map.router,
    *registry.ROUTERS,
    rules.router,
    rule_tools.router,
    latches.router,
    refusals.router,
    refusals.audit_router,
    site_files.router,
    why.router,
    silences.router,
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
    return furnish(empty_app(), services, heartbeat_s=heartbeat_s, status_every_s=status_every_s)


def empty_app() -> FastAPI:
    """The endpoints without a house behind them: what takes long to build and is always the same."""
    app = FastAPI(
        title=api_docs.TITLE,
        version="1",
        description=api_docs.DESCRIPTION,
        openapi_tags=[{"name": name, "description": told} for name, told in api_docs.TAGS],
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=_live,
        generate_unique_id_function=lambda route: route.name,
        responses=examples.REFUSED,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    problems.install(app)
    for router in _ENDPOINTS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(cap.router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    app.add_route("/docs", api_docs.read_docs)
    return app


def furnish(
    app: FastAPI, services: Services, *, heartbeat_s: float = HEARTBEAT_S, status_every_s: float = STATUS_EVERY_S
) -> FastAPI:
    """Put a house behind the endpoints."""
    key = services.security.signing_key.reveal().encode()
    app.state.services = services
    app.state.sessions = Sessions(key)
    app.state.cursors = Cursors(key)
    app.state.logins, app.state.failed_logins = LoginLimit(), FailedLogins()
    app.state.heartbeat_s, app.state.status_every_s = heartbeat_s, status_every_s
    app.state.delivery_counts = health.DeliveryCounts()
    app.state.too_large = 0
    app.router.default = Pages(services.dist)
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Made once: it is the same for every house."""
    app.openapi_schema = app.openapi_schema or api_docs.secured(document(app, stream.EVENTS))
    return app.openapi_schema


@contextlib.asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    """While the server runs: changes of alerts and the status go out on the stream."""
    services: Services = app.state.services
    feed = AlertFeed(services.hub, lambda alert_id: alerts.feed_view(services, alert_id))
    tasks = [asyncio.create_task(feed.run()), asyncio.create_task(_tell_status(services, app.state.status_every_s))]
    try:
        yield
    finally:
        services.hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tell_status(services: Services, every_s: float) -> None:
    while True:
        try:
            services.hub.publish_status(services.monitoring.status())
        except Exception as error:  # noqa: BLE001 - a number that cannot be had must not end the others for good
            log.error("status not told", extra={"error": repr(error)})
        await asyncio.sleep(every_s)
