"""What a standby machine answers: that it lives, that it is not ready, and where the active one is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from console.http.machine_messages_zh import STANDBY, STANDBY_UNKNOWN

METRICS = """# HELP fengshao_active 1 on the active machine, 0 on the standby.
# TYPE fengshao_active gauge
fengshao_active 0
"""


class Active(Protocol):
    """The machine that is active."""

    @property
    def holder(self) -> str: ...

    @property
    def address(self) -> str: ...


def standby_app(active: Callable[[], Active | None]) -> Starlette:
    """The application of a standby machine: `/healthz`, `/readyz` (503, role standby), `/metrics`; everything else
    names the active machine."""

    async def known() -> Active | None:
        try:
            return await asyncio.to_thread(active)
        except Exception:  # noqa: BLE001 - the page must answer while the ledger does not
            return None

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "role": "standby"})

    async def readyz(_request: Request) -> Response:
        found = await known()
        body = {"ready": False, "role": "standby", "checks": {"active": False}, "active": found and found.address}
        return JSONResponse(body, 503)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(METRICS)

    async def page(_request: Request) -> Response:
        found = await known()
        text = STANDBY.format(holder=escape(found.holder) if found else STANDBY_UNKNOWN)
        return HTMLResponse(f'<!doctype html><html lang="zh"><meta charset="utf-8"><p>{text}</p></html>', 503)

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route("/{path:path}", page, methods=methods),
        ]
    )
