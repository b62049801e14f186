"""Checks every response that a test receives against the OpenAPI document."""

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
def bare_app() -> FastAPI:
    """The application, built once for all tests; each test sets its own dependencies."""
    return create_bare_app()


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document: the same for every harness."""
    return bare_app().openapi()


@cache
def _paths() -> list[tuple[Any, str]]:
    """The paths of the document, those without parameters first, in the order of the router."""
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
    """Raises AssertionError when a response differs from the document; paths that the document omits are left out."""
    path_template = next((path_template for pattern, path_template in _paths() if pattern.match(path)), None)
    if path_template is None or status >= 400 or method.lower() not in document()["paths"][path_template]:
        return
    validator = _validator(path_template, method.lower(), str(status))
    violations = (
        []
        if validator is None
        else [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(body)]
    )
    assert not violations, f"{method} {path} {status}: {violations}"


def documented(_app: FastAPI) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A response hook of a client that checks each JSON response."""

    async def check_response(response: httpx2.Response) -> None:
        is_json = response.headers.get("content-type") == "application/json"
        if is_json and response.request.method != "HEAD":
            await response.aread()
            request = response.request
            check(request.method, request.url.path, response.status_code, response.json())

    return check_response
