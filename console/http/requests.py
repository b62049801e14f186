"""Parsing of requests and encoding of responses, shared by all endpoints: parameters, bodies, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from console import messages_zh
from console.dependencies import ConsoleDependencies
from console.http.openapi import JsonResponse
from console.http.page_cursors import PageCursors
from console.http.problems import FieldError, Problem, field_errors, format_path, invalid
from console.schemas.references import Page
from console.timestamps import encode_json, parse_time
from domain import DAY, Instant
from domain.duration import parse_duration

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

STEP_MIN_MS: Final = 1_000
STEP_MAX_MS: Final = 400 * DAY


async def get_dependencies(request: Request) -> ConsoleDependencies:
    deps: ConsoleDependencies = request.app.state.dependencies
    return deps


async def get_page_cursors(request: Request) -> PageCursors:
    cursors: PageCursors = request.app.state.cursors
    return cursors


Deps = Annotated[ConsoleDependencies, Depends(get_dependencies)]
OptionalText = Annotated[str | None, Query()]
TextList = Annotated[list[str], Query(default_factory=list)]


@dataclass(frozen=True)
class PageRequest:
    """The requested part of a list; `sign_cursor` makes the cursor of the next page."""

    limit: int
    after: str | None
    sign_cursor: Callable[[str | None], str | None]


async def get_page_request(
    request: Request,
    cursors: Annotated[PageCursors, Depends(get_page_cursors)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    next_cursor: Annotated[str | None, Query(alias="next", description="the `next` of the page before")] = None,
    cursor: Annotated[str | None, Query(description="the same as next")] = None,
) -> PageRequest:
    path: str = request.scope["route"].path
    return PageRequest(limit, cursors.verify(next_cursor or cursor, path), lambda text: cursors.sign(text, path))


PageParams = Annotated[PageRequest, Depends(get_page_request)]


def list_response(
    deps: ConsoleDependencies, items: Sequence[T], next_cursor: str | None = None
) -> JsonResponse[Page[T]]:
    """A page of a list as JSON."""
    return item_response(deps, Page(items=list(items), next=next_cursor))


def item_response(deps: ConsoleDependencies, view: T, status: int = 200) -> JsonResponse[T]:
    """One object as JSON; times with the offset of the site's zone."""
    return JsonResponse(encode_json(view, deps.site.zone), status)


def parse_time_field(deps: ConsoleDependencies, field: str, text: str | None) -> Instant | None:
    """The instant in this field; None when it is empty, 422 when it is no time."""
    if not text:
        return None
    try:
        return parse_time(text, deps.site.zone)
    except ValueError:
        raise invalid(FieldError(field, messages_zh.BAD_TIME)) from None


def parse_period(
    deps: ConsoleDependencies, since: str | None, until: str | None, names: tuple[str, str] = ("from", "to")
) -> tuple[Instant | None, Instant | None]:
    """Begin and end of a period, each optional; 422 when the begin is after the end."""
    begin, end = parse_time_field(deps, names[0], since), parse_time_field(deps, names[1], until)
    if begin is not None and end is not None and begin > end:
        raise invalid(FieldError(names[0], messages_zh.BAD_ORDER))
    return begin, end


def parse_step(text: str | None) -> int | None:
    """Milliseconds of `30s`, `5m` or a number of seconds."""
    if not text:
        return None
    try:
        step_ms = int(text) * 1_000 if text.isdecimal() else parse_duration(text)
    except ValueError:
        step_ms = 0
    if not STEP_MIN_MS <= step_ms <= STEP_MAX_MS:
        raise invalid(FieldError("step", messages_zh.BAD_STEP))
    return step_ms


def parse_choices(field: str, values: Sequence[str], choices: type[E]) -> list[E]:
    """The values of a repeatable filter; `a,b` is the same as repeating it."""
    names = [name for value in values for name in value.split(",") if name]
    unknown = [name for name in names if name not in set(choices)]
    if unknown:
        known = "、".join(choices)
        raise invalid(FieldError(field, messages_zh.BAD_CHOICE.format(value=unknown[0], known=known)))
    return [choices(name) for name in names]


async def parse_body(request: Request, adapter: TypeAdapter[T], *, optional: bool = False) -> T:
    """The validated body; 422 with every error. `optional`: an empty body is an empty object."""
    body = await request.body()
    return validate(_parse_json(b"{}" if optional and not body.strip() else body), adapter)


async def parse_item_or_list(request: Request, adapter: TypeAdapter[T]) -> tuple[list[T], bool]:
    """The body as a list of validated items, and whether it was a list rather than one item."""
    value = _parse_json(await request.body())
    if not isinstance(value, list):
        return [validate(value, adapter)], False
    items, errors = [], list[FieldError]()
    for index, item in enumerate(value):
        try:
            items.append(validate(item, adapter, (index,)))
        except Problem as problem:
            errors += problem.errors
    if errors:
        raise invalid(*errors)
    return items, True


async def parse_json_body(request: Request) -> Any:
    """The body as plain JSON values."""
    return _parse_json(await request.body())


def _parse_json(body: bytes) -> Any:
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise invalid(FieldError("", messages_zh.BAD_JSON)) from None
    errors = list(_unstorable_values(value))
    if errors:
        raise invalid(*errors)
    return value


def _unstorable_values(value: Any, *path: str | int) -> Iterator[FieldError]:
    """Values that JSON allows and databases cannot store: NUL in a text, integers of more than 64 bits."""
    if isinstance(value, str) and "\0" in value:
        yield FieldError(format_path(path), messages_zh.NUL_CHARACTER)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable_values(item, *path, index)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from (*_unstorable_values(name, *path), *_unstorable_values(item, *path, name))
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        yield FieldError(format_path(path), messages_zh.INTEGER_TOO_LARGE)


def validate(value: Any, adapter: TypeAdapter[T], prefix: tuple[str | int, ...] = ()) -> T:
    """Plain JSON values, validated; 422 with every error."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise invalid(*field_errors(error.errors(include_url=False), prefix)) from None


def error_path(path: Sequence[str | int], index: int, *, many: bool) -> tuple[str | int, ...]:
    """The path of an error found after parsing; begins with the row's index when the body was a list."""
    return (index, *path) if many else tuple(path)


def with_path_id(path_id: str, value: Any) -> Any:
    """The body with the id of the path: a body may omit its id, not contradict it."""
    if not isinstance(value, dict):
        return value
    if value.get("id", path_id) != path_id:
        raise invalid(FieldError("id", messages_zh.ID_FIXED.format(path=path_id, body=value["id"])))
    return {**value, "id": path_id}
