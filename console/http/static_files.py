"""Serves the built pages: files of `dist`, and `index.html` for every path that the pages route themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from console import messages_zh

_NON_PAGE_ROOTS: Final = ("api", "cap", "demo", "assets")
API_PAGE: Final = "api.html"
"""The page of the API, served at `/docs` to logged-in users only."""
REPORT_PAGE: Final = "report.html"
"""The public page of reports, served at `/r` and everything under it: signed tokens have a dot and are still pages."""
REPORT_ROOT: Final = "r"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


class StaticPages:
    """The ASGI application for paths without an endpoint."""

    def __init__(self, dist: Path | None) -> None:
        self._files = StaticFiles(directory=dist, check_dir=False) if dist is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404)
        response = await self._respond(scope["path"].lstrip("/"), scope)
        await response(scope, receive, send)

    async def page(self, name: str, scope: Scope) -> Response:
        """A built page, or 503 with a notice that the pages are not built."""
        try:
            response = await self._read_file(name, scope)
        except HTTPException:
            return HTMLResponse(messages_zh.NOT_BUILT, 503)
        response.headers["Cache-Control"] = "no-cache"
        return response

    async def _respond(self, path: str, scope: Scope) -> Response:
        first, _, _ = path.partition("/")
        if path in (API_PAGE, REPORT_PAGE):
            raise HTTPException(404)
        if first == REPORT_ROOT:
            return await self.page(REPORT_PAGE, scope)
        try:
            response = await self._read_file(path or "index.html", scope)
        except HTTPException:
            # A worker's signed link has a dot in it and is still a page.
            if first in _NON_PAGE_ROOTS or ("." in path.rpartition("/")[2] and first != "m"):
                raise
            return await self.page("index.html", scope)
        response.headers["Cache-Control"] = _IMMUTABLE if first == "assets" else "no-cache"
        return response

    async def _read_file(self, path: str, scope: Scope) -> Response:
        if self._files is None or path.startswith("api/"):
            raise HTTPException(404)
        return await self._files.get_response(path, scope)
