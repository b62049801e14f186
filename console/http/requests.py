"""What every endpoint needs of a request: the services, who asks, times, choices, bodies, cursors. And the answer."""

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
from console.schemas.parts import Page
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
    """How much of a list is wanted, and from where on. `seal` makes the next page's cursor."""

    limit: int
    after: str | None
    sign_cursor: Callable[[str | None], str | None]


async def get_page_request(
    request: Request,
    cursors: Annotated[PageCursors, Depends(get_page_cursors)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    following: Annotated[str | None, Query(alias="next", description="the `next` of the page before")] = None,
    cursor: Annotated[str | None, Query(description="the same as next")] = None,
) -> PageRequest:
    of: str = request.scope["route"].path
    return PageRequest(limit, cursors.verify(following or cursor, of), lambda text: cursors.sign(text, of))


PageParams = Annotated[PageRequest, Depends(get_page_request)]


def list_response(deps: ConsoleDependencies, items: Sequence[T], following: str | None = None) -> JsonResponse[Page[T]]:
    """A list as every endpoint answers it."""
    return item_response(deps, Page(items=list(items), next=following))


def item_response(deps: ConsoleDependencies, view: T, status: int = 200) -> JsonResponse[T]:
    """One thing, its times written in the site's zone, every other value exactly as it is."""
    return JsonResponse(encode_json(view, deps.site.zone), status)


def parse_time_field(deps: ConsoleDependencies, field: str, written: str | None) -> Instant | None:
    """The instant written in this field; None when nothing was written."""
    if not written:
        return None
    try:
        return parse_time(written, deps.site.zone)
    except ValueError:
        raise invalid(FieldError(field, messages_zh.BAD_TIME)) from None


def parse_period(
    deps: ConsoleDependencies, since: str | None, until: str | None, names: tuple[str, str] = ("from", "to")
) -> tuple[Instant | None, Instant | None]:
    """The two ends of a period, each optional."""
    begin, end = parse_time_field(deps, names[0], since), parse_time_field(deps, names[1], until)
    if begin is not None and end is not None and begin > end:
        raise invalid(FieldError(names[0], messages_zh.BAD_ORDER))
    return begin, end


def parse_step(written: str | None) -> int | None:
    """Milliseconds of `30s`, `5m` or a plain number of seconds."""
    if not written:
        return None
    try:
        step_ms = int(written) * 1_000 if written.isdecimal() else parse_duration(written)
    except ValueError:
        step_ms = 0
    if not STEP_MIN_MS <= step_ms <= STEP_MAX_MS:
        raise invalid(FieldError("step", messages_zh.BAD_STEP))
    return step_ms


def parse_choices(field: str, written: Sequence[str], choices: type[E]) -> list[E]:
    """The values of a repeatable filter; `a,b` is the same as giving it twice."""
    named = [name for text in written for name in text.split(",") if name]
    unknown = [name for name in named if name not in set(choices)]
    if unknown:
        known = "、".join(choices)
        raise invalid(FieldError(field, messages_zh.BAD_CHOICE.format(written=unknown[0], known=known)))
    return [choices(name) for name in named]


async def parse_body(request: Request, shape: TypeAdapter[T], *, optional: bool = False) -> T:
    """The body as this shape, every fault told at once. An optional body may be missing altogether."""
    body = await request.body()
    return validate(_parse_json(b"{}" if optional and not body.strip() else body), shape)


async def parse_item_or_list(request: Request, shape: TypeAdapter[T]) -> tuple[list[T], bool]:
    """The body as one or as a list of this shape, and whether it was a list."""
    found = _parse_json(await request.body())
    if not isinstance(found, list):
        return [validate(found, shape)], False
    good, faults = [], list[FieldError]()
    for index, one in enumerate(found):
        try:
            good.append(validate(one, shape, (index,)))
        except Problem as problem:
            faults += problem.errors
    if faults:
        raise invalid(*faults)
    return good, True


async def parse_json_body(request: Request) -> Any:
    """The body as plain JSON."""
    return _parse_json(await request.body())


def _parse_json(body: bytes) -> Any:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise invalid(FieldError("", messages_zh.BAD_JSON)) from None
    faults = list(_unstorable_values(found))
    if faults:
        raise invalid(*faults)
    return found


def _unstorable_values(value: Any, *path: str | int) -> Iterator[FieldError]:
    """What JSON can say and no database keeps: a NUL in a text, a whole number of more than 64 bits."""
    if isinstance(value, str) and "\0" in value:
        yield FieldError(format_path(path), messages_zh.NUL_CHARACTER)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _unstorable_values(one, *path, index)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (*_unstorable_values(name, *path), *_unstorable_values(one, *path, name))
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        yield FieldError(format_path(path), messages_zh.INTEGER_TOO_LARGE)


def validate(found: Any, shape: TypeAdapter[T], prefix: tuple[str | int, ...] = ()) -> T:
    """Plain JSON as this shape, every fault told at once."""
    try:
        return shape.validate_python(found)
    except ValidationError as error:
        raise invalid(*field_errors(error.errors(include_url=False), prefix)) from None


def error_path(path: Sequence[str | int], index: int, *, many: bool) -> tuple[str | int, ...]:
    """The path of a fault found after the body was read: it names the row when there were several."""
    return (index, *path) if many else tuple(path)


def with_path_id(path_id: str, found: Any) -> Any:
    """A body written to an address bears the address's id: it may leave it out, it may not contradict it."""
    if not isinstance(found, dict):
        return found
    if found.get("id", path_id) != path_id:
        raise invalid(FieldError("id", messages_zh.ID_FIXED.format(path=path_id, body=found["id"])))
    return {**found, "id": path_id}
