"""`/healthz`, `/readyz`, `/metrics`: for probes and Prometheus. They tell no names and need no token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.responses import Response

from console.dependencies import Sample, Services
from console.http import examples
from console.http.openapi import Answer, TextAnswer, described_router
from console.http.requests import Asked, shown
from console.schemas.service import Alive, Ready
from console.security.auth import FailedLogins
from console.views.prometheus import exposition
from domain import SECOND, Instant
from store.database.alerts import statistics

router = described_router(tags=["health"])

COUNTED_EVERY_MS: Final = 15 * SECOND


class DeliveryCounts:
    """How many messages each channel has in each state, not older than `COUNTED_EVERY_MS`."""

    def __init__(self) -> None:
        self._counts: Mapping[tuple[str, str], int] = {}
        self._due: Instant = 0
        self._one_at_a_time = asyncio.Lock()

    async def read(self, services: Services) -> Mapping[tuple[str, str], int]:
        async with self._one_at_a_time:
            now = services.clock()
            if now >= self._due:
                self._counts = await services.ledger.read(statistics.deliveries_by_state)
                self._due = now + COUNTED_EVERY_MS
            return self._counts


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="The process answers")
async def healthz(services: Asked) -> Answer[Alive]:
    return shown(services, Alive())


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz", summary="Stores open, state restored, subscriptions granted: 200, else 503", responses=examples.NOT_READY
)
async def readyz(services: Asked) -> Answer[Ready]:
    checks = dict(services.monitoring.readiness())
    ready = all(checks.values())
    return shown(services, Ready(ready=ready, checks=checks), 200 if ready else 503)


async def _deliveries(request: Request, services: Services) -> list[Sample]:
    """Counted when somebody asks, not oftener than every few seconds: the table holds every message ever sent."""
    counted: DeliveryCounts = request.app.state.delivery_counts
    counts = await counted.read(services)
    return [
        Sample(
            "fengshao_deliveries",
            number,
            "Messages to people, by what became of them.",
            {"channel": channel, "state": state},
        )
        for (channel, state), number in sorted(counts.items())
    ]


@router.get("/metrics", summary="Counters in the Prometheus text format", response_class=TextAnswer)
async def metrics(request: Request, services: Asked) -> Response:
    too_large = request.app.state.too_large
    refused = Sample("fengshao_http_too_large_total", too_large, "Requests refused because of their size.")
    streams = Sample("fengshao_stream_listeners", services.hub.listeners, "Open streams of the console.")
    failed: FailedLogins = request.app.state.failed_logins
    logins = [
        Sample("fengshao_failed_logins_total", number, "Logins, tokens and signatures refused.", {"reason": reason})
        for reason, number in failed.counts.items()
    ]
    text = exposition(
        (*services.monitoring.metrics(), *await _deliveries(request, services), streams, refused, *logins)
    )
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
