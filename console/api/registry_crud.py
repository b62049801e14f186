"""Create, read, update and delete endpoints of a registry resource: places, cells, people, rosters and rotations.

One record comes with its entity tag; a change with `If-Match` is refused when somebody else changed the record.
"""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.api.audit_details import summary
from console.dependencies import ConsoleDependencies
from console.http import examples
from console.http.entity_tags import entity_tag, merge_patch, require_match
from console.http.openapi import JsonResponse, add_documented_route, documented_router
from console.http.personal_data import personal_reads
from console.http.problems import FieldError, Problem, format_path, invalid, not_found
from console.http.requests import (
    Deps,
    PageParams,
    error_path,
    item_response,
    list_response,
    parse_item_or_list,
    parse_json_body,
    validate,
    with_path_id,
)
from console.http.requirements import CurrentUser, Requirement
from console.schemas.references import Page, Schema
from console.security.auth import Principal
from console.timestamps import encode_json, to_schema
from domain import Instant
from domain.people import Community
from domain.table import Table
from store.database import registry
from store.database.registry import RegistryChanges, edits
from store.database.system import audit

W = TypeVar("W")
V = TypeVar("V")

FieldErrors = Iterable[tuple[str, str]]
Condition = Callable[[Any], None]
"""Called with the stored record (None: there is none) before a change; raises when it must not be made."""


IdsOf = Callable[[Community, str], Sequence[str]]
OnRead = Callable[[ConsoleDependencies, Principal, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Resource(Generic[W, V]):
    """What differs between resources: names, schemas, permission, and how a row is validated, stored and shown."""

    path: str
    table: str
    noun: str
    example: dict[str, Any]
    action: str
    body: TypeAdapter[W]
    schema: type[Schema]
    table_of: Callable[[Community], Table[V]]
    put: Callable[..., RegistryChanges]
    to_record: Callable[[ConsoleDependencies, W], V]
    viewer_for: Callable[[ConsoleDependencies, Principal], Callable[[V], dict[str, Any]]]
    is_visible: Callable[[Community, Principal, V, Mapping[str, str]], bool]
    reference_errors: Callable[[Community, V, Mapping[str, V]], FieldErrors]
    filters: Mapping[str, IdsOf] = field(default_factory=dict)
    """By field that `is_visible` compares with the query: the ids of the records with a value, in order. A list of
    these records reads no others."""
    ids_inside: IdsOf | None = None
    """Likewise the ids that a user limited to a place may see; None where a place limits nothing."""
    on_read: OnRead | None = None
    """Called with the rows that are about to be shown to a user."""
    personal_fields: str = ""
    """What of people the rows have, whose reads `on_read` writes to the audit trail."""


_CREATE_OPTIONS: Final = {"summary": "One or a list", "status_code": 201, "responses": examples.UNCHANGED_RESPONSE}
_DELETE_OPTIONS: Final = {"summary": "Remove one", "status_code": 204}
_PATCH_OPTIONS: Final = {"summary": "Change some fields (JSON merge patch); null removes one"}
_PUT_OPTIONS: Final = {"summary": "Add or replace", "responses": examples.CREATED_RESPONSE}


class CrudEndpoints(Generic[W, V]):
    """The endpoints of one resource."""

    def __init__(self, resource: Resource[W, V]) -> None:
        self._resource = resource

    async def list_rows(
        self, request: Request, deps: Deps, user: CurrentUser, pages: PageParams
    ) -> JsonResponse[Page[Any]]:
        page_rows = await asyncio.to_thread(
            self._page, deps.registry.community(), user, request.query_params, pages.after or "", pages.limit + 1
        )
        await self._note_read(deps, user, page_rows[: pages.limit])
        view = self._resource.viewer_for(deps, user)
        views = [to_schema(self._resource.schema, view(row)) for row in page_rows[: pages.limit]]
        next_cursor = _id(page_rows[pages.limit - 1]) if len(page_rows) > pages.limit else None
        return list_response(deps, views, pages.sign_cursor(next_cursor))

    def _page(self, community: Community, user: Principal, query: Mapping[str, str], after: str, limit: int) -> list[V]:
        """In a thread: where several filters meet, many records may have to be read for one page."""
        resource, table = self._resource, self._resource.table_of(community)
        ids = [
            table.ids,
            *(found(community, query[name]) for name, found in resource.filters.items() if query.get(name)),
        ]
        if user.place is not None and resource.ids_inside is not None:
            ids.append(resource.ids_inside(community, user.place))
        return table.page(min(ids, key=len), after, limit, lambda row: resource.is_visible(community, user, row, query))

    async def get_row(self, deps: Deps, user: CurrentUser, row_id: str) -> JsonResponse[Any]:
        row = self._stored(deps, user, row_id)
        if row is None:
            raise not_found(self._resource.noun, row_id)
        await self._note_read(deps, user, [row])
        return self._tagged(deps, row, item_response(deps, self._view(deps, user, row)))

    async def create_rows(self, request: Request, deps: Deps, user: CurrentUser) -> JsonResponse[Any]:
        specs, many = await parse_item_or_list(request, self._resource.body)
        rows = [self._resource.to_record(deps, spec) for spec in specs]
        changed = await _store(self._resource, deps, user, rows, may_update=False, many=many)
        views = [self._view(deps, user, row) for row in rows]
        body: Any = Page(items=views, next=None) if many else views[0]
        return item_response(deps, body, 201 if changed.created else 200)

    async def put_row(self, request: Request, deps: Deps, user: CurrentUser, row_id: str) -> JsonResponse[Any]:
        value = with_path_id(row_id, await parse_json_body(request))
        row = self._resource.to_record(deps, validate(value, self._resource.body))
        condition = partial(require_match, request, _key(deps))
        changed = await _store(self._resource, deps, user, [row], may_update=True, many=False, condition=condition)
        return self._tagged(
            deps, row, item_response(deps, self._view(deps, user, row), 201 if changed.created else 200)
        )

    async def patch_row(self, request: Request, deps: Deps, user: CurrentUser, row_id: str) -> JsonResponse[Any]:
        before = self._stored(deps, user, row_id)
        if before is None:
            raise not_found(self._resource.noun, row_id)
        patch = await parse_json_body(request)
        if not isinstance(patch, dict):
            raise invalid(FieldError("", messages_zh.NO_OBJECT))
        value = with_path_id(row_id, merge_patch(self._body_of(deps, user, before), patch))
        row = self._resource.to_record(deps, validate(value, self._resource.body))

        def condition(stored: Any) -> None:
            require_match(request, _key(deps), stored)
            if stored != before:
                raise Problem(409, messages_zh.CHANGED_MEANWHILE)

        await _store(self._resource, deps, user, [row], may_update=True, many=False, condition=condition)
        return self._tagged(deps, row, item_response(deps, self._view(deps, user, row)))

    async def delete_row(self, request: Request, deps: Deps, user: CurrentUser, row_id: str) -> Response:
        now, condition = deps.clock(), partial(require_match, request, _key(deps))
        if not await deps.database.write(lambda tx: _remove(self._resource, tx, row_id, user, now, condition)):
            raise not_found(self._resource.noun, row_id)
        await deps.registry.reload()
        return Response(status_code=204)

    def _stored(self, deps: Deps, user: Principal, row_id: str) -> V | None:
        """The record of this id; None unless this user may see it."""
        community = deps.registry.community()
        row = self._resource.table_of(community).by_id.get(row_id)
        return row if row is not None and self._resource.is_visible(community, user, row, {}) else None

    async def _note_read(self, deps: Deps, user: Principal, rows: Sequence[V]) -> None:
        if self._resource.on_read is not None:
            await self._resource.on_read(deps, user, rows)

    def _tagged(self, deps: Deps, row: V, response: JsonResponse[Any]) -> JsonResponse[Any]:
        response.headers["ETag"] = entity_tag(_key(deps), row)
        return response

    def _body_of(self, deps: Deps, user: Principal, row: V) -> Any:
        """The record as the body of a request would give it; who may change it sees it unmasked."""
        return msgspec.json.decode(encode_json(self._view(deps, user, row), deps.site.zone))

    def _view(self, deps: Deps, user: Principal, row: V) -> Schema:
        return to_schema(self._resource.schema, self._resource.viewer_for(deps, user)(row))


def crud_router(resource: Resource[W, V]) -> APIRouter:
    """A router with the endpoints of one resource."""
    endpoints, schema = CrudEndpoints(resource), resource.schema
    router = documented_router(prefix=f"/{resource.path}", tags=[resource.path])
    single = examples.request_body(resource.example, resource.body)
    patch = examples.merge_patch_body(resource.example)
    multiple = examples.request_body(resource.example, resource.body, examples.BodyItems.ONE_OR_LIST)

    changes = {"dependencies": [Depends(Requirement(resource.action))]}
    reads = {"dependencies": [personal_reads(resource.personal_fields)]} if resource.personal_fields else {}

    def named(verb: str) -> dict[str, Any]:
        return {"operation_id": f"{verb}_{resource.path}"}

    page: Any = Page[schema]  # type: ignore[valid-type]
    for path, endpoint, method, response_type, options in (
        ("", endpoints.list_rows, "GET", page, {"summary": f"All {resource.path}, by id", **named("list"), **reads}),
        (
            "",
            endpoints.create_rows,
            "POST",
            schema | page,
            {**_CREATE_OPTIONS, "openapi_extra": multiple, **named("create"), **changes},
        ),
        (
            "/{row_id}",
            endpoints.get_row,
            "GET",
            schema,
            {"summary": f"One of the {resource.path}", **named("get"), **reads},
        ),
        (
            "/{row_id}",
            endpoints.put_row,
            "PUT",
            schema,
            {**_PUT_OPTIONS, "openapi_extra": single, **named("put"), **changes},
        ),
        (
            "/{row_id}",
            endpoints.patch_row,
            "PATCH",
            schema,
            {**_PATCH_OPTIONS, "openapi_extra": patch, **named("patch"), **changes},
        ),
        ("/{row_id}", endpoints.delete_row, "DELETE", None, {**_DELETE_OPTIONS, **named("delete"), **changes}),
    ):
        add_documented_route(router, path, endpoint, method, response_type, **options)
    return router


async def _store(
    resource: Resource[W, V],
    deps: Deps,
    user: Principal,
    rows: Sequence[V],
    *,
    may_update: bool,
    many: bool,
    condition: Condition | None = None,
) -> RegistryChanges:
    _check(resource, deps.registry.community(), rows, many=many)
    now = deps.clock()

    def work(tx: Any) -> RegistryChanges:
        if condition is not None:
            condition(registry.find_record(tx, resource.table, _id(rows[0])))
        changed = resource.put(tx, rows, now)
        if changed.updated and not may_update:
            raise Problem(409, messages_zh.ROW_EXISTS.format(id=changed.updated[0]))
        if changed:
            edits.record_edits(tx, resource.table, (*changed.created, *changed.updated), now)
            audit.record(tx, now, user.token, f"{resource.path} put", summary(changed))
        return changed

    changed = await deps.database.write(work)
    if changed:
        await deps.registry.reload()
    return changed


def _remove(
    resource: Resource[W, V], tx: Any, row_id: str, user: Principal, now: Instant, condition: Condition
) -> RegistryChanges:
    stored = registry.find_record(tx, resource.table, row_id)
    if stored is None:
        return RegistryChanges()
    condition(stored)
    edits.record_edits(tx, resource.table, [row_id], now, deleted=True)
    audit.record(tx, now, user.token, f"{resource.path} deleted", {"id": row_id})
    return registry.remove_records(tx, resource.table, [row_id], now)


def _check(resource: Resource[W, V], community: Community, rows: Sequence[V], *, many: bool) -> None:
    """422 for references to unknown rows and repeated ids; rows of the same request may refer to each other."""
    with_new_rows = ChainMap({_id(row): row for row in rows}, cast("dict[str, V]", resource.table_of(community).by_id))
    errors, seen = list[FieldError](), set[str]()
    for index, row in enumerate(rows):
        problems = list(resource.reference_errors(community, row, with_new_rows))
        if _id(row) in seen:
            problems.append(("id", messages_zh.DUPLICATE_ID.format(id=_id(row))))
        seen.add(_id(row))
        errors += [
            FieldError(format_path(error_path((field,), index, many=many)), detail) for field, detail in problems
        ]
    if errors:
        raise invalid(*errors)


def _key(deps: ConsoleDependencies) -> bytes:
    return deps.security.signing_key.reveal().encode()


def _id(row: object) -> str:
    identifier: str = row.id  # type: ignore[attr-defined]
    return identifier
