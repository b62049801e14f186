"""The FastAPI application: routers, middleware, problem handlers, static pages, and the tasks of the event stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from console.api import (
    account,
    alert_actions,
    alert_surroundings,
    alerts,
    alerts_export,
    audit_trail,
    backups,
    calendars,
    callbacks,
    canary,
    cap,
    case_statistics,
    cases,
    device_replacement,
    device_states,
    devices,
    doctor,
    drills,
    exchange,
    exchange_messages,
    health,
    history_refusals,
    ladder_preview,
    ladders,
    latches,
    oidc,
    on_duty,
    people_directory,
    person_erasure,
    photos,
    place_codes,
    places_directory,
    places_overview,
    places_summary,
    push,
    readings,
    refusals,
    registry,
    report_intake,
    report_lists,
    report_status,
    reports,
    roster_overrides,
    rule_tools,
    rulebooks,
    rules,
    session,
    silences,
    site_files,
    statistics,
    stream,
    supervision,
    swap_links,
    swaps,
    system,
    table_imports,
    tokens,
    users,
    why,
)
from console.dependencies import ConsoleDependencies
from console.events import AlertPublisher
from console.http import api_docs, examples, problems
from console.http.middleware import BodyLimit, ResponseHeaders
from console.http.openapi import build_document, iter_routes
from console.http.page_cursors import PageCursors
from console.http.personal_data import write_gathered
from console.http.requirements import check_requirements, describe
from console.http.static_files import StaticPages
from console.http.uploads import UploadSlots
from console.security.auth import LoginFailures, LoginRateLimit, Sessions
from console.security.login_guard import LoginGuard
from console.security.pins import PIN_WINDOW_MS
from console.security.report_links import ReportLinks
from console.security.swap_codes import CodeRateLimit

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 15.0
STATUS_INTERVAL_S: Final = 2.0
GATHERED_EVERY_S: Final = 60.0
COMPRESSED_FROM_BYTES: Final = 2_000
"""Responses from this size are compressed (RFC 9110, 8.4.1.3), at the fastest level: a list of 500 alerts is 894 kB,
and 45 kB after 2 ms; streams and photos are not."""

_ROUTERS: Final = (
    cases.router,
    photos.router,  # before /alerts/{id}/{action}
    alerts_export.router,  # before /alerts/{id}
    alerts.router,
    alert_surroundings.router,
    alert_actions.router,
    supervision.router,
    case_statistics.router,
    report_intake.router,
    report_status.router,
    report_lists.router,
    reports.router,
    place_codes.router,
    doctor.router,
    device_states.router,
    device_replacement.router,
    devices.router,
    readings.router,
    places_summary.router,
    places_overview.router,
    on_duty.router,  # this and the following before /rosters/{id}
    roster_overrides.router,
    calendars.router,
    swaps.router,
    swap_links.router,
    person_erasure.router,
    places_directory.router,  # before /places/{id}
    people_directory.router,  # before /people/{id}
    *registry.ROUTERS,
    rules.router,
    rule_tools.router,
    rulebooks.router,
    ladders.router,
    ladder_preview.router,
    latches.router,
    refusals.router,
    history_refusals.router,
    audit_trail.router,
    site_files.router,
    table_imports.router,
    why.router,
    statistics.router,
    system.router,
    drills.router,
    canary.router,
    backups.router,
    silences.router,
    stream.router,
    session.router,
    oidc.router,
    account.router,
    users.router,
    tokens.router,
    push.router,
    callbacks.router,
    exchange_messages.router,  # before /exchange/{system}
    exchange.router,
)


def create_app(
    deps: ConsoleDependencies, *, heartbeat_s: float = HEARTBEAT_S, status_every_s: float = STATUS_INTERVAL_S
) -> FastAPI:
    """The application with these dependencies."""
    return set_dependencies(create_bare_app(), deps, heartbeat_s=heartbeat_s, status_every_s=status_every_s)


def create_bare_app() -> FastAPI:
    """The application without dependencies. It takes long to build and is always the same, so tests share one."""
    app = FastAPI(
        title=api_docs.TITLE,
        version="1",
        description=api_docs.DESCRIPTION,
        openapi_tags=[{"name": name, "description": text} for name, text in api_docs.TAGS],
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
        responses=examples.ERROR_RESPONSES,
        middleware=[
            Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES, compresslevel=1),
            Middleware(ResponseHeaders),
            Middleware(BodyLimit),
        ],
    )
    problems.install_handlers(app)
    for router in _ROUTERS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(cap.router)
    check_requirements(iter_routes(app))
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
    """Set the dependencies of the endpoints; replaces those of an earlier call."""
    key = deps.security.signing_key.reveal().encode()
    app.state.dependencies = deps
    app.state.sessions = Sessions(key)
    app.state.cursors = PageCursors(key)
    app.state.logins, app.state.failed_logins = LoginRateLimit(), LoginFailures()
    app.state.login_guard = LoginGuard(key, LoginRateLimit())
    app.state.pause = asyncio.sleep
    app.state.swap_codes, app.state.pins = CodeRateLimit(), LoginRateLimit(window_ms=PIN_WINDOW_MS)
    app.state.heartbeat_s, app.state.status_every_s = heartbeat_s, status_every_s
    app.state.delivery_counts = health.DeliveryCounts()
    app.state.too_large = 0
    app.state.report_links, app.state.upload_slots = ReportLinks(key), UploadSlots()
    app.router.default = StaticPages(deps.dist)
    return app


def _openapi_document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, built once: it does not depend on the dependencies."""
    app.openapi_schema = app.openapi_schema or api_docs.with_security(build_document(app, stream.EVENTS, describe))
    return app.openapi_schema


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Publishes changed alerts and the status on the event stream while the server runs, and reads the map's outlines
    before a screen asks for them."""
    deps: ConsoleDependencies = app.state.dependencies
    feed = AlertPublisher(deps.events, partial(alerts.item_views, deps))
    tasks = [
        asyncio.create_task(feed.run()),
        asyncio.create_task(_publish_status(deps, app.state.status_every_s)),
        asyncio.create_task(_write_gathered_reads(deps)),
        asyncio.create_task(asyncio.to_thread(deps.registry.outlines)),
    ]
    try:
        yield
    finally:
        deps.events.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await write_gathered(deps, all_open=True)


async def _write_gathered_reads(deps: ConsoleDependencies) -> None:
    while True:
        await asyncio.sleep(GATHERED_EVERY_S)
        await write_gathered(deps)


async def _publish_status(deps: ConsoleDependencies, every_s: float) -> None:
    while True:
        try:
            deps.events.publish_status(deps.monitoring.status())
        except Exception as error:  # noqa: BLE001 - logged; one failing source must not end the status events for good
            log.error("status not published", extra={"error": repr(error)})
        await asyncio.sleep(every_s)
