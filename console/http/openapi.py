"""Builds the OpenAPI document. The response schema of an endpoint is its return annotation, `-> JsonResponse[Schema]`.

FastAPI describes paths and parameters. Request bodies are described with console.http.examples, because they are parsed
by console.http.requests, which reports all errors of a body at once in Chinese.
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

Describe = Callable[[str, str, APIRoute], Mapping[str, Any]]
"""Path, method and route -> extensions of the operation."""
JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{name}"
_NULL: Final = {"type": "null"}


class JsonResponse(Response, Generic[T]):
    """A JSON response with this schema."""

    media_type = JSON


class TextResponse(Response):
    """A plain text response."""

    media_type = "text/plain"


class EventStreamResponse(Response):
    """A stream of server-sent events."""

    media_type = "text/event-stream"


class JpegResponse(Response):
    """A photo."""

    media_type = "image/jpeg"


class SvgResponse(Response):
    """A drawing."""

    media_type = "image/svg+xml"


class PlanResponse(Response):
    """A drawing or picture of a place."""

    media_type = "image/*"


class PageResponse(Response):
    """A page to print."""

    media_type = "text/html"


class DocumentedRoute(APIRoute):
    """A route with the response schema of its endpoint, for the document."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.response_type: Any = _response_type_of(endpoint)
        super().__init__(path, endpoint, **{**options, "response_model": None})


def documented_router(**options: Any) -> APIRouter:
    """A router whose endpoints are documented with their response schemas."""
    return APIRouter(route_class=DocumentedRoute, **options)


def add_documented_route(
    router: APIRouter, path: str, endpoint: Callable[..., Any], method: str, response_type: Any, **options: Any
) -> None:
    """Add an endpoint that serves several schemas, so that its annotation cannot name the response."""
    router.add_api_route(path, endpoint, methods=[method], **options)
    route = router.routes[-1]
    assert isinstance(route, DocumentedRoute)
    route.response_type = response_type


def _response_type_of(endpoint: Callable[..., Any]) -> Any:
    """The schema in `-> JsonResponse[Schema]`; None for other responses."""
    annotation = get_type_hints(endpoint).get("return")
    return get_args(annotation)[0] if get_origin(annotation) is JsonResponse else None


def iter_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every endpoint with its full path, including those left out of the document."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route.path, route
        elif (router := getattr(route, "original_router", None)) is not None:
            for inner in router.routes:
                if isinstance(inner, APIRoute):
                    yield f"{getattr(route, 'include_context').prefix}{inner.path}", inner  # noqa: B009 - untyped


def build_document(app: FastAPI, events: Mapping[str, type], describe: Describe) -> dict[str, Any]:
    """The whole document. `events`: schemas of the stream's events by name. `describe`: what a route requires."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    documented = [
        (path, route) for path, route in iter_routes(app) if isinstance(route, DocumentedRoute) and route.response_type
    ]
    members = dict.fromkeys(
        node for _, route in documented for node in _union_members(route.response_type) if node is not NoneType
    )
    types = [*members, *(item for item in events.values() if item not in members)]
    references, schemas = msgspec.json.schema_components(types, schema_hook=_schema_hook, ref_template=_REF)
    refs: dict[Any, Any] = {**dict(zip(types, references, strict=True)), NoneType: _NULL}
    document["components"] = {"schemas": _with_string_types({"Problem": PROBLEM_SCHEMA, **schemas})}
    for operation in [item for methods in document["paths"].values() for item in methods.values()]:
        operation["responses"].pop("422", None)  # FastAPI's own validation error; ours is a Problem, among the 4XX
    for path, route in documented:
        for method in (route.methods or set()) - {"HEAD"} if route.include_in_schema else ():
            _set_response_schema(
                document["paths"][path][method.lower()]["responses"],
                _any_of([refs[item] for item in _union_members(route.response_type)]),
            )
    for path, each in iter_routes(app):
        for method in (each.methods or set()) - {"HEAD"} if each.include_in_schema else ():
            operation = document["paths"][path][method.lower()]
            _set_personal_data(operation, each)
            operation.update(describe(path, method, each))
    document["paths"]["/api/v1/stream"]["get"]["x-events"] = {name: refs[schema] for name, schema in events.items()}
    return document


def _set_personal_data(operation: dict[str, Any], route: APIRoute) -> None:
    """`x-personal-data`: what of people the operation can give unmasked; its reads are in the audit trail."""
    for dependency in route.dependencies:
        fields = getattr(dependency.dependency, "personal_fields", None)
        if fields is not None:
            operation["x-personal-data"] = fields


def _set_response_schema(responses: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Set the schema of every single status but 204; the ranges 4XX and 5XX are problem documents."""
    for status, response in responses.items():
        if status.isdigit() and status != "204":
            response["content"] = {JSON: {"schema": schema}}


def _union_members(schema: Any) -> Sequence[Any]:
    return get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,)


def _any_of(schemas: Sequence[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}


def _with_string_types(node: Any) -> Any:
    """The schemas with `type: string` beside string enumerations: client generators need it."""
    if isinstance(node, list):
        return [_with_string_types(item) for item in node]
    if not isinstance(node, dict):
        return node
    values = node.get("enum")
    typed = {"type": "string"} if isinstance(values, list) and all(isinstance(item, str) for item in values) else {}
    return {**typed, **{name: _with_string_types(item) for name, item in node.items()}}


def _schema_hook(schema: type) -> dict[str, Any]:
    if schema is Timestamp:
        return {"type": "string", "format": "date-time"}
    raise NotImplementedError(schema)
