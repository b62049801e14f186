"""What a restored copy answers until it takes over: that it lives, that it is not ready, and what to do."""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from console.http.machine_messages_zh import RESTORED_COPY


def restored_copy_app(folder: Path, origin: str) -> Starlette:
    """The application of a restored copy: `/healthz`, `/readyz` (503, role restored); everything else says that it
    hears and tells nobody, and which command ends that."""

    text = RESTORED_COPY.format(folder=escape(str(folder.absolute())), origin=escape(origin))

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "role": "restored"})

    async def readyz(_request: Request) -> Response:
        return JSONResponse({"ready": False, "role": "restored", "checks": {"takeover": False}}, 503)

    async def page(request: Request) -> Response:
        if request.url.path.startswith("/api/"):
            problem = {"type": "about:blank", "title": "restored copy", "status": 503, "detail": text}
            return JSONResponse(problem, 503, media_type="application/problem+json")
        return HTMLResponse(f'<!doctype html><html lang="zh"><meta charset="utf-8"><p>{text}</p></html>', 503)

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/{path:path}", page, methods=methods),
        ]
    )
