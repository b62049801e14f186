"""ASGI middleware: the limit of request bodies, and the date and the security headers of responses."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import messages_zh
from console.http.problems import Problem, problem_response
from console.http.uploads import FORM_BYTES_MAX, MULTIPART
from domain import SECOND

BODY_BYTES_MAX: Final = 1 << 20
PHOTO_PATHS: Final = re.compile(
    r"/api/v1/(?:report(?:/position|/status/[\w.-]+/photos)?|alerts/\d+/photos|reports/\d+/answer)"
)
"""The endpoints that take photos."""

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        # Charts position their tooltips with style attributes; no style element and no script is allowed by this.
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


class ResponseHeaders:
    """Adds the date and the security headers to every response, errors included; a header that is present is kept.

    The date is that of the service's own clock (RFC 9110, 6.6.1): the pages set theirs by it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Date", formatdate(scope["app"].state.dependencies.clock() / SECOND, usegmt=True))
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """Limits a request's body to `limit` bytes, whatever its Content-Length says; 413 beyond it.

    Multipart forms to the paths that take photos may have `form_limit` bytes, which their parser divides further.
    """

    def __init__(self, app: ASGIApp, limit: int = BODY_BYTES_MAX, form_limit: int = FORM_BYTES_MAX) -> None:
        self._app, self._limit, self._form_limit = app, limit, form_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").lower().startswith(MULTIPART.encode())
        limit = self._form_limit if is_form and PHOTO_PATHS.fullmatch(scope["path"]) else self._limit
        content_length = headers.get(b"content-length", b"0")
        if not content_length.isdigit() or int(content_length) > limit:
            await problem_response(self._too_large(scope, limit))(scope, receive, send)
            return
        await self._app(scope, self._counted(scope, receive, limit), send)

    def _counted(self, scope: Scope, receive: Receive, limit: int) -> Receive:
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise self._too_large(scope, limit)
            return message

        return receive_counted

    def _too_large(self, scope: Scope, limit: int) -> Problem:
        scope["app"].state.too_large += 1
        return Problem(413, messages_zh.TOO_LARGE.format(limit=limit))
