"""`/healthz`, `/readyz`, `/metrics`: for probes and Prometheus. No token is needed; no names are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from msgspec import UNSET
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.responses import Response

from console.http import examples
from console.http.openapi import JsonResponse, TextResponse, documented_router
from console.http.requests import Deps, item_response
from console.http.requirements import PUBLIC
from console.schemas.service import Liveness, Readiness
from console.security.auth import LoginFailure, LoginFailures
from console.views.prometheus import CONTENT_TYPE, exposition
from domain import SECOND, Instant
from store.database.alerts import statistics
from store.database.exchange import outbox

router = documented_router(tags=["health"], dependencies=[PUBLIC])

COUNT_INTERVAL_MS: Final = 15 * SECOND


class DeliveryCounts:
    """Number of deliveries by channel and state, counted again after `COUNT_INTERVAL_MS`.

    The table holds every delivery ever made, so it is not counted at every scrape.
    """

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
@router.get("/healthz", summary="The process is running")
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
    left_out = list(deps.monitoring.left_out()) or UNSET
    return item_response(deps, Readiness(ready=ready, checks=checks, left_out=left_out), 200 if ready else 503)


async def _exchange_metrics(deps: Deps) -> list[Metric]:
    """What waits for each subscriber and outside system, and what was given up; none without a target."""
    names = () if deps.exchange is None else sorted(deps.exchange.targets)
    rows = await deps.database.read(lambda tx: [outbox.target_status(tx, name) for name in names]) if names else []
    pending = GaugeMetricFamily("fengshao_exchange_pending", "Messages not yet accepted.", None, ["target"])
    dead = GaugeMetricFamily("fengshao_exchange_dead_letters", "Messages that were given up.", None, ["target"])
    failing = GaugeMetricFamily(
        "fengshao_exchange_failing_seconds",
        "How long every request has failed.",
        None,
        ["target"],
    )
    for row in rows:
        pending.add_metric([row.id], row.pending)
        dead.add_metric([row.id], row.dead)
        since = row.failing_since
        failing.add_metric([row.id], 0.0 if since is None else (deps.clock() - since) / SECOND)
    return [pending, dead, failing] if rows else []


@router.get("/metrics", summary="Counters in the Prometheus text format", response_class=TextResponse)
async def metrics(request: Request, deps: Deps) -> Response:
    counts: DeliveryCounts = request.app.state.delivery_counts
    failures: LoginFailures = request.app.state.failed_logins
    families = (
        *deps.monitoring.metrics(),
        _delivery_metrics(await counts.read(deps)),
        GaugeMetricFamily("fengshao_stream_listeners", "Open streams of the console.", deps.events.subscription_count),
        CounterMetricFamily(
            "fengshao_http_too_large_total", "Requests refused because of their size.", request.app.state.too_large
        ),
        _failure_metrics(failures.counts),
        *await _exchange_metrics(deps),
    )
    return Response(exposition(families), media_type=CONTENT_TYPE)


def _delivery_metrics(counts: Mapping[tuple[str, str], int]) -> Metric:
    family = GaugeMetricFamily(
        "fengshao_deliveries", "Messages to people by channel and delivery state.", None, ["channel", "state"]
    )
    for (channel, state), number in sorted(counts.items()):
        family.add_metric([channel, state], number)
    return family


def _failure_metrics(counts: Mapping[LoginFailure, int]) -> Metric:
    family = CounterMetricFamily(
        "fengshao_failed_logins_total", "Logins, tokens and signatures refused.", None, ["reason"]
    )
    for reason, number in counts.items():
        family.add_metric([reason.value], number)
    return family
