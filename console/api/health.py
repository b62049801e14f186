"""`/healthz`, `/readyz`, `/metrics`: for probes and Prometheus. They tell no names and need no token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.api.asking import Answer, Asked
from console.auth import FailedLogins
from console.metrics import exposition
from console.services import Sample

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="The process answers")
async def healthz() -> Response:
    return Answer({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Stores open, state restored, subscriptions granted: 200, else 503")
async def readyz(services: Asked) -> Response:
    checks = dict(services.readiness())
    ready = all(checks.values())
    return Answer({"ready": ready, "checks": checks}, 200 if ready else 503)


@router.get("/metrics", summary="Counters in the Prometheus text format")
async def metrics(request: Request, services: Asked) -> Response:
    too_large = request.app.state.too_large
    refused = Sample("fengshao_http_too_large_total", too_large, "Requests refused because of their size.")
    streams = Sample("fengshao_stream_listeners", services.hub.listeners, "Open streams of the console.")
    failed: FailedLogins = request.app.state.failed_logins
    logins = [
        Sample("fengshao_failed_logins_total", number, "Logins, tokens and signatures refused.", {"reason": reason})
        for reason, number in failed.counts.items()
    ]
    text = exposition((*services.metrics(), streams, refused, *logins))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
