"""Holds every answer that a test hears against the OpenAPI document: what is answered is what is described."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import httpx2
import jsonschema_rs
from fastapi import FastAPI
from starlette.routing import compile_path

from console.application import create_bare_app


@cache
def document() -> dict[str, Any]:
    """The document: the same for every harness."""
    return create_bare_app().openapi()


@cache
def _addresses() -> list[tuple[Any, str]]:
    """The addresses of the document, those without parameters first, as the router finds them."""
    return [(compile_path(path)[0], path) for path in sorted(document()["paths"], key=lambda path: path.count("{"))]


@cache
def _validator(path: str, method: str, status: str) -> Any:
    response = document()["paths"][path][method]["responses"].get(status)
    assert response is not None, f"{method} {path} answers {status}: its document does not say so"
    content = response.get("content", {}).get("application/json")
    if content is None:
        return None
    return jsonschema_rs.validator_for({**content["schema"], "components": document()["components"]})


def check(method: str, path: str, status: int, body: Any) -> None:
    """AssertionError where an answer is not as the document says; addresses of no document are not looked at."""
    found = next((address for pattern, address in _addresses() if pattern.match(path)), None)
    if found is None or status >= 400 or method.lower() not in document()["paths"][found]:
        return
    validator = _validator(found, method.lower(), str(status))
    wrong = [] if validator is None else [f"{one.instance_path}: {one.message}" for one in validator.iter_errors(body)]
    assert not wrong, f"{method} {path} {status}: {wrong}"


def documented(_app: FastAPI) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A hook of a client that checks each answer in JSON as it comes."""

    async def look(response: httpx2.Response) -> None:
        is_json = response.headers.get("content-type") == "application/json"
        if is_json and response.request.method != "HEAD":
            await response.aread()
            request = response.request
            check(request.method, request.url.path, response.status_code, response.json())

    return look
