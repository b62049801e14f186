"""`/places`, `/cells`, `/people`, `/rosters`: four shelves of the registry that are read and written alike."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from fastapi import APIRouter, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.api.audit_details import deed
from console.dependencies import Services
from console.http import examples
from console.http.authorization import Who, demand
from console.http.openapi import Answer, add_described, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such, path_text
from console.http.requests import Asked, Pages, listed, shaped, shown, where, with_id, written_many, written_raw
from console.schemas.parts import Page, Shape
from console.security.auth import Principal
from console.timestamps import typed
from domain import Instant
from domain.people import Community
from store.database.registry import Changed, edits
from store.database.system import audit

W = TypeVar("W")
V = TypeVar("V")

Faults = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Shelf(Generic[W, V]):
    """What differs between the four: words, shapes, and how a row is checked, kept and shown."""

    path: str
    table: str
    noun: str
    example: dict[str, Any]
    act: str
    shape: TypeAdapter[W]
    answer: type[Shape]
    held: Callable[[Community], Mapping[str, V]]
    put: Callable[..., Changed]
    load: Callable[[Any], Community]
    value: Callable[[Services, W], V]
    viewer: Callable[[Services, Principal], Callable[[V], dict[str, Any]]]
    shows: Callable[[Services, Principal, V, Mapping[str, str]], bool]
    faults: Callable[[Community, V, Mapping[str, V]], Faults]


_CREATES: Final = {"summary": "One or a list", "status_code": 201, "responses": examples.UNCHANGED}
_DELETES: Final = {"summary": "Remove one", "status_code": 204}
_PUTS: Final = {"summary": "Add or replace", "responses": examples.CREATED}


class Endpoints(Generic[W, V]):
    """The five ways to read and write one shelf."""

    def __init__(self, shelf: Shelf[W, V]) -> None:
        self._shelf = shelf

    async def list_rows(self, request: Request, services: Asked, who: Who, pages: Pages) -> Answer[Page[Any]]:
        rows, after = self._shelf.held(services.registry.community()), pages.after or ""
        ids = (
            name
            for name, row in rows.items()
            if name > after and self._shelf.shows(services, who, row, request.query_params)
        )
        kept = [rows[name] for name in heapq.nsmallest(pages.limit + 1, ids)]
        view = self._shelf.viewer(services, who)
        views = [typed(self._shelf.answer, view(row)) for row in kept[: pages.limit]]
        following = _id(kept[pages.limit - 1]) if len(kept) > pages.limit else None
        return listed(services, views, pages.seal(following))

    async def one_row(self, services: Asked, who: Who, row_id: str) -> Answer[Any]:
        row = self._shelf.held(services.registry.community()).get(row_id)
        if row is None or not self._shelf.shows(services, who, row, {}):
            raise no_such(self._shelf.noun, row_id)
        return shown(services, self._view(services, who, row))

    async def create_rows(self, request: Request, services: Asked, who: Who) -> Answer[Any]:
        demand(who, self._shelf.act)
        written, many = await written_many(request, self._shelf.shape)
        rows = [self._shelf.value(services, one) for one in written]
        changed = await _keep(self._shelf, services, who, rows, may_update=False, many=many)
        views = [self._view(services, who, row) for row in rows]
        body: Any = Page(items=views, next=None) if many else views[0]
        return shown(services, body, 201 if changed.created else 200)

    async def put_row(self, request: Request, services: Asked, who: Who, row_id: str) -> Answer[Any]:
        demand(who, self._shelf.act)
        found = with_id(row_id, await written_raw(request))
        row = self._shelf.value(services, shaped(found, self._shelf.shape))
        changed = await _keep(self._shelf, services, who, [row], may_update=True, many=False)
        return shown(services, self._view(services, who, row), 201 if changed.created else 200)

    async def delete_row(self, services: Asked, who: Who, row_id: str) -> Response:
        demand(who, self._shelf.act)
        now = services.clock()
        if not await services.ledger.run(lambda tx: _removed(self._shelf, tx, row_id, who, now)):
            raise no_such(self._shelf.noun, row_id)
        await services.registry.changed()
        return Response(status_code=204)

    def _view(self, services: Services, who: Principal, row: V) -> Shape:
        return typed(self._shelf.answer, self._shelf.viewer(services, who)(row))


def shelf_router(shelf: Shelf[W, V]) -> APIRouter:
    """The endpoints of one shelf at their addresses."""
    ends, answer = Endpoints(shelf), shelf.answer
    router = described_router(prefix=f"/{shelf.path}", tags=[shelf.path])
    one = examples.body(shelf.example, shelf.shape)
    several = examples.body(shelf.example, shelf.shape, examples.Many.ONE_OR_LIST)

    def named(verb: str) -> dict[str, Any]:
        return {"operation_id": f"{verb}_{shelf.path}"}

    page: Any = Page[answer]  # type: ignore[valid-type]
    for path, endpoint, method, answers, options in (
        ("", ends.list_rows, "GET", page, {"summary": f"All {shelf.path}, by id", **named("list")}),
        ("", ends.create_rows, "POST", answer | page, {**_CREATES, "openapi_extra": several, **named("create")}),
        ("/{row_id}", ends.one_row, "GET", answer, {"summary": f"One of the {shelf.path}", **named("one")}),
        ("/{row_id}", ends.put_row, "PUT", answer, {**_PUTS, "openapi_extra": one, **named("put")}),
        ("/{row_id}", ends.delete_row, "DELETE", None, {**_DELETES, **named("delete")}),
    ):
        add_described(router, path, endpoint, method, answers, **options)
    return router


async def _keep(
    shelf: Shelf[W, V], services: Services, who: Principal, rows: Sequence[V], *, may_update: bool, many: bool
) -> Changed:
    _check(shelf, services.registry.community(), rows, many=many)
    now = services.clock()

    def work(tx: Any) -> Changed:
        changed = shelf.put(tx, rows, now)
        if changed.updated and not may_update:
            raise Problem(409, messages_zh.ROW_EXISTS.format(id=changed.updated[0]))
        if changed:
            edits.mark(tx, shelf.table, (*changed.created, *changed.updated), now)
            audit.write(tx, now, who.token, f"{shelf.path} put", deed(changed))
        return changed

    changed = await services.ledger.run(work)
    if changed:
        await services.registry.changed()
    return changed


def _removed(shelf: Shelf[W, V], tx: Any, row_id: str, who: Principal, now: Instant) -> Changed:
    held = shelf.held(shelf.load(tx))
    if row_id not in held:
        return Changed()
    edits.mark(tx, shelf.table, [row_id], now, deleted=True)
    audit.write(tx, now, who.token, f"{shelf.path} deleted", {"id": row_id})
    return shelf.put(tx, [row for name, row in held.items() if name != row_id], now, replace=True)


def _check(shelf: Shelf[W, V], community: Community, rows: Sequence[V], *, many: bool) -> None:
    """422 for references to what is not registered; rows of the same request may refer to each other."""
    together = {**shelf.held(community), **{_id(row): row for row in rows}}
    faults, seen = list[FieldFault](), set[str]()
    for index, row in enumerate(rows):
        problems = list(shelf.faults(community, row, together))
        if _id(row) in seen:
            problems.append(("id", messages_zh.TWICE.format(id=_id(row))))
        seen.add(_id(row))
        faults += [FieldFault(path_text(where((field,), index, many=many)), detail) for field, detail in problems]
    if faults:
        raise faulty(*faults)


def _id(row: object) -> str:
    identifier: str = row.id  # type: ignore[attr-defined]
    return identifier
