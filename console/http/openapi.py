"""The OpenAPI document: what each endpoint answers is read off its signature, `-> Answer[Shape]`.

FastAPI describes paths and parameters; bodies are described where they are read (console.http.examples), because every
fault of one is told at once and in our own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Final, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from console.http.examples import PROBLEM_SCHEMA
from console.timestamps import Timestamp

T = TypeVar("T", covariant=True)

JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{name}"
_NULL: Final = {"type": "null"}


class JsonResponse(Response, Generic[T]):
    """JSON of this shape."""

    media_type = JSON


class TextResponse(Response):
    """Plain text."""

    media_type = "text/plain"


class EventStreamResponse(Response):
    """Server-sent events."""

    media_type = "text/event-stream"


class DocumentedRoute(APIRoute):
    """A route that keeps the shape its endpoint answers with, for the document."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.response_type: Any = _response_type_of(endpoint)
        super().__init__(path, endpoint, **{**options, "response_model": None})


def documented_router(**options: Any) -> APIRouter:
    """A router whose endpoints are in the document with their answers."""
    return APIRouter(route_class=DocumentedRoute, **options)


def add_documented_route(
    router: APIRouter, path: str, endpoint: Callable[..., Any], method: str, answers: Any, **options: Any
) -> None:
    """An endpoint whose signature cannot say what it answers, because it serves several shapes."""
    router.add_api_route(path, endpoint, methods=[method], **options)
    route = router.routes[-1]
    assert isinstance(route, DocumentedRoute)
    route.response_type = answers


def _response_type_of(endpoint: Callable[..., Any]) -> Any:
    """The shape in `-> Answer[Shape]`; None for an answer that is no JSON, or none at all."""
    told = get_type_hints(endpoint).get("return")
    return get_args(told)[0] if get_origin(told) is JsonResponse else None


def iter_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every endpoint by its whole address, those that are in no document included."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route.path, route
        elif (router := getattr(route, "original_router", None)) is not None:
            for inner in router.routes:
                if isinstance(inner, APIRoute):
                    yield f"{getattr(route, 'include_context').prefix}{inner.path}", inner  # noqa: B009 - untyped


def build_document(app: FastAPI, events: Mapping[str, type]) -> dict[str, Any]:
    """The whole document. `events` are the shapes of the stream's events, by name."""
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    shaped = [
        (path, route) for path, route in iter_routes(app) if isinstance(route, DocumentedRoute) and route.response_type
    ]
    parts = dict.fromkeys(
        part for _, route in shaped for part in _union_members(route.response_type) if part is not NoneType
    )
    types = [*parts, *(one for one in events.values() if one not in parts)]
    found, schemas = msgspec.json.schema_components(types, schema_hook=_schema_hook, ref_template=_REF)
    refs: dict[Any, Any] = {**dict(zip(types, found, strict=True)), NoneType: _NULL}
    made["components"] = {"schemas": _with_string_types({"Problem": PROBLEM_SCHEMA, **schemas})}
    for operation in [one for methods in made["paths"].values() for one in methods.values()]:
        operation["responses"].pop("422", None)  # FastAPI's own words for it: ours are a Problem, among the 4XX
    for path, route in shaped:
        for method in (route.methods or set()) - {"HEAD"} if route.include_in_schema else ():
            _set_response_schema(
                made["paths"][path][method.lower()]["responses"],
                _any_of([refs[one] for one in _union_members(route.response_type)]),
            )
    made["paths"]["/api/v1/stream"]["get"]["x-events"] = {name: refs[shape] for name, shape in events.items()}
    return made


def _set_response_schema(responses: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Every status that an endpoint names is answered with its shape; the ranges are refusals."""
    for status, response in responses.items():
        if status.isdigit() and status != "204":
            response["content"] = {JSON: {"schema": schema}}


def _union_members(shape: Any) -> Sequence[Any]:
    return get_args(shape) if get_origin(shape) in (Union, UnionType) else (shape,)


def _any_of(schemas: Sequence[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}


def _with_string_types(part: Any) -> Any:
    """The schemas, each list of words declared as text: makers of clients ask for a type."""
    if isinstance(part, list):
        return [_with_string_types(one) for one in part]
    if not isinstance(part, dict):
        return part
    words = part.get("enum")
    text = {"type": "string"} if isinstance(words, list) and all(isinstance(one, str) for one in words) else {}
    return {**text, **{name: _with_string_types(one) for name, one in part.items()}}


def _schema_hook(shape: type) -> dict[str, Any]:
    if shape is Timestamp:
        return {"type": "string", "format": "date-time"}
    raise NotImplementedError(shape)
