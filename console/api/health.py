"""`/healthz`, `/readyz`, `/metrics`: for probes and Prometheus. They tell no names and need no token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.responses import Response

from console.dependencies import Sample
from console.http import examples
from console.http.openapi import JsonResponse, TextResponse, documented_router
from console.http.requests import Deps, item_response
from console.schemas.service import Liveness, Readiness
from console.security.auth import LoginFailures
from console.views.prometheus import exposition
from domain import SECOND, Instant
from store.database.alerts import statistics

router = documented_router(tags=["health"])

COUNT_INTERVAL_MS: Final = 15 * SECOND


class DeliveryCounts:
    """How many messages each channel has in each state, not older than `COUNTED_EVERY_MS`."""

    def __init__(self) -> None:
        self._counts: Mapping[tuple[str, str], int] = {}
        self._refresh_at: Instant = 0
        self._lock = asyncio.Lock()

    async def read(self, deps: Deps) -> Mapping[tuple[str, str], int]:
        async with self._lock:
            now = deps.clock()
            if now >= self._refresh_at:
                self._counts = await deps.database.read(statistics.deliveries_by_state)
                self._refresh_at = now + COUNT_INTERVAL_MS
            return self._counts


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="The process answers")
async def healthz(deps: Deps) -> JsonResponse[Liveness]:
    return item_response(deps, Liveness())


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Stores open, state restored, subscriptions granted: 200, else 503",
    responses=examples.NOT_READY_RESPONSE,
)
async def readyz(deps: Deps) -> JsonResponse[Readiness]:
    checks = dict(deps.monitoring.readiness())
    ready = all(checks.values())
    return item_response(deps, Readiness(ready=ready, checks=checks), 200 if ready else 503)


async def _deliveries(request: Request, deps: Deps) -> list[Sample]:
    """Counted when somebody asks, not oftener than every few seconds: the table holds every message ever sent."""
    counted: DeliveryCounts = request.app.state.delivery_counts
    counts = await counted.read(deps)
    return [
        Sample(
            "fengshao_deliveries",
            number,
            "Messages to people, by what became of them.",
            {"channel": channel, "state": state},
        )
        for (channel, state), number in sorted(counts.items())
    ]


@router.get("/metrics", summary="Counters in the Prometheus text format", response_class=TextResponse)
async def metrics(request: Request, deps: Deps) -> Response:
    too_large = request.app.state.too_large
    refused = Sample("fengshao_http_too_large_total", too_large, "Requests refused because of their size.")
    streams = Sample("fengshao_stream_listeners", deps.events.subscription_count, "Open streams of the console.")
    failed: LoginFailures = request.app.state.failed_logins
    logins = [
        Sample("fengshao_failed_logins_total", number, "Logins, tokens and signatures refused.", {"reason": reason})
        for reason, number in failed.counts.items()
    ]
    text = exposition((*deps.monitoring.metrics(), *await _deliveries(request, deps), streams, refused, *logins))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
