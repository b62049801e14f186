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
from console.dependencies import Services
from console.http.openapi import Answer
from console.http.page_cursors import Cursors
from console.http.problems import FieldFault, Problem, faulty, field_faults, path_text
from console.schemas.parts import Page
from console.timestamps import encoded, instant
from domain import DAY, Instant
from domain.duration import parse_duration

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MINIMUM_STEP_MS: Final = 1_000
MAXIMUM_STEP_MS: Final = 400 * DAY


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def cursors_of(request: Request) -> Cursors:
    cursors: Cursors = request.app.state.cursors
    return cursors


Asked = Annotated[Services, Depends(services_of)]
Text = Annotated[str | None, Query()]
Many = Annotated[list[str], Query(default_factory=list)]


@dataclass(frozen=True)
class Paging:
    """How much of a list is wanted, and from where on. `seal` makes the next page's cursor."""

    limit: int
    after: str | None
    seal: Callable[[str | None], str | None]


async def paging_of(
    request: Request,
    cursors: Annotated[Cursors, Depends(cursors_of)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    following: Annotated[str | None, Query(alias="next", description="the `next` of the page before")] = None,
    cursor: Annotated[str | None, Query(description="the same as next")] = None,
) -> Paging:
    of: str = request.scope["route"].path
    return Paging(limit, cursors.open(following or cursor, of), lambda text: cursors.seal(text, of))


Pages = Annotated[Paging, Depends(paging_of)]


def listed(services: Services, items: Sequence[T], following: str | None = None) -> Answer[Page[T]]:
    """A list as every endpoint answers it."""
    return shown(services, Page(items=list(items), next=following))


def shown(services: Services, view: T, status: int = 200) -> Answer[T]:
    """One thing, its times written in the site's zone, every other value exactly as it is."""
    return Answer(encoded(view, services.site.zone), status)


def asked_instant(services: Services, field: str, written: str | None) -> Instant | None:
    """The instant written in this field; None when nothing was written."""
    if not written:
        return None
    try:
        return instant(written, services.site.zone)
    except ValueError:
        raise faulty(FieldFault(field, messages_zh.BAD_TIME)) from None


def asked_period(
    services: Services, since: str | None, until: str | None, names: tuple[str, str] = ("from", "to")
) -> tuple[Instant | None, Instant | None]:
    """The two ends of a period, each optional."""
    begin, end = asked_instant(services, names[0], since), asked_instant(services, names[1], until)
    if begin is not None and end is not None and begin > end:
        raise faulty(FieldFault(names[0], messages_zh.BAD_ORDER))
    return begin, end


def asked_step(written: str | None) -> int | None:
    """Milliseconds of `30s`, `5m` or a plain number of seconds."""
    if not written:
        return None
    try:
        step_ms = int(written) * 1_000 if written.isdecimal() else parse_duration(written)
    except ValueError:
        step_ms = 0
    if not MINIMUM_STEP_MS <= step_ms <= MAXIMUM_STEP_MS:
        raise faulty(FieldFault("step", messages_zh.BAD_STEP))
    return step_ms


def asked_choices(field: str, written: Sequence[str], choices: type[E]) -> list[E]:
    """The values of a repeatable filter; `a,b` is the same as giving it twice."""
    named = [name for text in written for name in text.split(",") if name]
    unknown = [name for name in named if name not in set(choices)]
    if unknown:
        known = "、".join(choices)
        raise faulty(FieldFault(field, messages_zh.BAD_CHOICE.format(written=unknown[0], known=known)))
    return [choices(name) for name in named]


async def written_one(request: Request, shape: TypeAdapter[T], *, optional: bool = False) -> T:
    """The body as this shape, every fault told at once. An optional body may be missing altogether."""
    body = await request.body()
    return shaped(_json(b"{}" if optional and not body.strip() else body), shape)


async def written_many(request: Request, shape: TypeAdapter[T]) -> tuple[list[T], bool]:
    """The body as one or as a list of this shape, and whether it was a list."""
    found = _json(await request.body())
    if not isinstance(found, list):
        return [shaped(found, shape)], False
    good, faults = [], list[FieldFault]()
    for index, one in enumerate(found):
        try:
            good.append(shaped(one, shape, (index,)))
        except Problem as problem:
            faults += problem.errors
    if faults:
        raise faulty(*faults)
    return good, True


async def written_raw(request: Request) -> Any:
    """The body as plain JSON."""
    return _json(await request.body())


def _json(body: bytes) -> Any:
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise faulty(FieldFault("", messages_zh.BAD_JSON)) from None
    faults = list(_unkeepable(found))
    if faults:
        raise faulty(*faults)
    return found


def _unkeepable(value: Any, *path: str | int) -> Iterator[FieldFault]:
    """What JSON can say and no database keeps: a NUL in a text, a whole number of more than 64 bits."""
    if isinstance(value, str) and "\0" in value:
        yield FieldFault(path_text(path), messages_zh.NO_NUL)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _unkeepable(one, *path, index)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (*_unkeepable(name, *path), *_unkeepable(one, *path, name))
    elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        yield FieldFault(path_text(path), messages_zh.TOO_BIG)


def shaped(found: Any, shape: TypeAdapter[T], prefix: tuple[str | int, ...] = ()) -> T:
    """Plain JSON as this shape, every fault told at once."""
    try:
        return shape.validate_python(found)
    except ValidationError as error:
        raise faulty(*field_faults(error.errors(include_url=False), prefix)) from None


def where(path: Sequence[str | int], index: int, *, many: bool) -> tuple[str | int, ...]:
    """The path of a fault found after the body was read: it names the row when there were several."""
    return (index, *path) if many else tuple(path)


def with_id(path_id: str, found: Any) -> Any:
    """A body written to an address bears the address's id: it may leave it out, it may not contradict it."""
    if not isinstance(found, dict):
        return found
    if found.get("id", path_id) != path_id:
        raise faulty(FieldFault("id", messages_zh.ID_FIXED.format(path=path_id, body=found["id"])))
    return {**found, "id": path_id}
