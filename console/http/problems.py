"""Problem details (RFC 9457): the body of every error response, and the exception handlers that produce it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from console import messages_zh
from store.errors import CannotRead, CannotWrite, LedgerUnread

log = logging.getLogger(__name__)


class FieldError(msgspec.Struct, frozen=True):
    """One error of a request: the field, and what to write instead."""

    field: str
    detail: str


class Problem(Exception):
    """An error response; may be raised anywhere under a request."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), dict(headers or {})


def not_found(what: str, identifier: object = "") -> Problem:
    """404 for a resource; `what` is a key of messages_zh.NOT_FOUND."""
    return Problem(404, messages_zh.NOT_FOUND[what].format(id=identifier))


def invalid(*errors: FieldError) -> Problem:
    """422 with every error."""
    return Problem(422, messages_zh.SEE_FIELDS.format(count=len(errors)), errors)


def problem_response(problem: Problem) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": messages_zh.TITLES.get(problem.status, messages_zh.TITLES[500]),
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = problem.errors
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(msgspec.json.encode(body), problem.status, headers, "application/problem+json")


def field_errors(errors: Sequence[Mapping[str, Any]], prefix: tuple[str | int, ...] = ()) -> list[FieldError]:
    """Errors of pydantic as ours, each once."""
    found = [FieldError(format_path((*prefix, *error["loc"])), _message(error)) for error in errors]
    return list(dict.fromkeys(found))


def format_path(path: Sequence[str | int]) -> str:
    """A field path as text.

    >>> format_path((2, "identities", 0, "platform"))
    '[2].identities[0].platform'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] in ("literal_error", "enum"):
        return messages_zh.BAD_CHOICE.format(value=error.get("input"), known=context.get("expected", ""))
    if error["type"] == "value_error":
        return str(context["error"])
    template = messages_zh.FIELD_ERRORS.get(error["type"])
    return str(error["msg"]) if template is None else template.format(**context)


def install_handlers(app: FastAPI) -> None:
    """Make every error of this app a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_request: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        detail = (
            messages_zh.NOT_FOUND["path"] if error.status_code == 404 else messages_zh.TITLES.get(error.status_code, "")
        )
        return problem_response(Problem(error.status_code, detail, headers=error.headers))

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> Response:
        errors = [{**item, "loc": item["loc"][1:]} for item in error.errors()]
        return problem_response(invalid(*field_errors(errors)))

    @app.exception_handler(CannotWrite)
    async def _full(_request: Request, error: CannotWrite) -> Response:
        log.error("request refused: the store cannot write", extra={"error": str(error)})
        return problem_response(Problem(503, messages_zh.STORE_FULL, headers={"Retry-After": "5"}))

    @app.exception_handler(CannotRead)
    async def _no_answer(_request: Request, error: CannotRead) -> Response:
        log.warning("request failed: the history server does not answer", extra={"error": str(error)})
        return problem_response(Problem(503, messages_zh.HISTORY_UNREAD, headers={"Retry-After": "5"}))

    @app.exception_handler(LedgerUnread)
    async def _no_ledger(_request: Request, error: LedgerUnread) -> Response:
        log.warning("request failed: the ledger does not answer", extra={"error": str(error)})
        return problem_response(Problem(503, messages_zh.LEDGER_UNREAD, headers={"Retry-After": "5"}))

    @app.exception_handler(Exception)
    async def _broken(request: Request, error: Exception) -> Response:
        # The path may carry a provider's secret: log the route's template, never the address that was called.
        route = getattr(request.scope.get("route"), "path", "?")
        log.error("request failed", extra={"route": route, "error": repr(error)}, exc_info=error)
        return problem_response(Problem(500, messages_zh.INTERNAL_ERROR))
