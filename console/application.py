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
from console.dependencies import ConsoleDependencies
from console.events import AlertPublisher
from console.http import api_docs, examples, problems
from console.http.middleware import BodyLimit, SecurityHeaders
from console.http.openapi import build_document
from console.http.page_cursors import PageCursors
from console.http.static_files import StaticPages
from console.security.auth import LoginFailures, LoginRateLimit, Sessions

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15.0
STATUS_INTERVAL_S: Final = 2.0

_ROUTERS: Final = (
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
    deps: ConsoleDependencies, *, heartbeat_s: float = HEARTBEAT_S, status_every_s: float = STATUS_INTERVAL_S
) -> FastAPI:
    """The whole HTTP side of the house over these services."""
    return set_dependencies(create_bare_app(), deps, heartbeat_s=heartbeat_s, status_every_s=status_every_s)


def create_bare_app() -> FastAPI:
    """The endpoints without a house behind them: what takes long to build and is always the same."""
    app = FastAPI(
        title=api_docs.TITLE,
        version="1",
        description=api_docs.DESCRIPTION,
        openapi_tags=[{"name": name, "description": told} for name, told in api_docs.TAGS],
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
        responses=examples.ERROR_RESPONSES,
        middleware=[Middleware(SecurityHeaders), Middleware(BodyLimit)],
    )
    problems.install_handlers(app)
    for router in _ROUTERS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(cap.router)
    app.openapi = lambda: _openapi_document(app)  # type: ignore[method-assign]
    app.add_route("/docs", api_docs.read_docs)
    return app


def set_dependencies(
    app: FastAPI,
    deps: ConsoleDependencies,
    *,
    heartbeat_s: float = HEARTBEAT_S,
    status_every_s: float = STATUS_INTERVAL_S,
) -> FastAPI:
    """Put a house behind the endpoints."""
    key = deps.security.signing_key.reveal().encode()
    app.state.dependencies = deps
    app.state.sessions = Sessions(key)
    app.state.cursors = PageCursors(key)
    app.state.logins, app.state.failed_logins = LoginRateLimit(), LoginFailures()
    app.state.heartbeat_s, app.state.status_every_s = heartbeat_s, status_every_s
    app.state.delivery_counts = health.DeliveryCounts()
    app.state.too_large = 0
    app.router.default = StaticPages(deps.dist)
    return app


def _openapi_document(app: FastAPI) -> dict[str, Any]:
    """Made once: it is the same for every house."""
    app.openapi_schema = app.openapi_schema or api_docs.with_security(build_document(app, stream.EVENTS))
    return app.openapi_schema


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the server runs: changes of alerts and the status go out on the stream."""
    deps: ConsoleDependencies = app.state.dependencies
    feed = AlertPublisher(deps.events, lambda alert_id: alerts.item_view(deps, alert_id))
    tasks = [asyncio.create_task(feed.run()), asyncio.create_task(_publish_status(deps, app.state.status_every_s))]
    try:
        yield
    finally:
        deps.events.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _publish_status(deps: ConsoleDependencies, every_s: float) -> None:
    while True:
        try:
            deps.events.publish_status(deps.monitoring.status())
        except Exception as error:  # noqa: BLE001 - a number that cannot be had must not end the others for good
            log.error("status not told", extra={"error": repr(error)})
        await asyncio.sleep(every_s)
