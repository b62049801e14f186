"""`/devices`: the registry of devices, as integrators and administrators read and write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.api.audit_details import summary
from console.http import examples
from console.http.authorization import NonLinkUser, RegistryAdmin
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, format_path, invalid, not_found
from console.http.requests import (
    Deps,
    OptionalText,
    PageParams,
    error_path,
    item_response,
    list_response,
    parse_body,
    parse_item_or_list,
    parse_json_body,
    validate,
    with_path_id,
)
from console.schemas import registry as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.security.redaction import redact_device
from console.timestamps import to_schema
from console.views.place_tree import descendants
from console.views.records import DEVICE, device_view
from domain import Device, Instant
from domain.specs import DeviceSpec
from store.database import registry
from store.database.registry import edits
from store.database.system import audit
from store.errors import IdentityTaken

router = documented_router(tags=["devices"])

PATCH_BODY: Final = TypeAdapter(dict[str, Any])


@router.get("/devices", summary="Registered devices, newest first")
async def list_devices(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    kind: OptionalText = None,
    place: Annotated[str | None, Query(description="this place and what lies under it")] = None,
    text: Annotated[str | None, Query(description="a part of the id")] = None,
) -> JsonResponse[Page[schema.Device]]:
    places = visible_places(deps, user, place)
    page = await deps.database.read(
        lambda tx: registry.list_devices(tx, pages.limit, pages.after, kind=kind or None, places=places, text=text)
    )
    return list_response(deps, [_view_for(user, device) for device in page.items], pages.sign_cursor(page.next))


@router.get("/devices/{device_id}", summary="One device")
async def get_device(deps: Deps, user: NonLinkUser, device_id: str) -> JsonResponse[schema.Device]:
    return item_response(deps, _view_for(user, await visible_device(deps, user, device_id)))


@router.post(
    "/devices",
    status_code=201,
    responses=examples.UNCHANGED_RESPONSE,
    summary="Register one device or a list of them, all or none",
    openapi_extra=examples.request_body(examples.DEVICE, DEVICE, examples.BodyItems.ONE_OR_LIST),
)
async def create_devices(
    request: Request, deps: Deps, user: RegistryAdmin
) -> JsonResponse[schema.Device | Page[schema.Device]]:
    written, many = await parse_item_or_list(request, DEVICE)
    check_devices(deps, written, many=many)
    devices = [one.value() for one in written]
    now = deps.clock()
    changed = await deps.database.write(lambda tx: _create_in_transaction(tx, devices, user, now))
    if changed:
        await deps.registry.reload()
    views = [to_schema(schema.Device, device) for device in devices]
    body: schema.Device | Page[schema.Device] = Page(items=views, next=None) if many else views[0]
    return item_response(deps, body, 201 if changed.created else 200)


@router.put(
    "/devices",
    summary="Register or replace a list of devices, all or none",
    openapi_extra=examples.request_body([examples.DEVICE], DEVICE, examples.BodyItems.ONE_OR_LIST),
)
async def put_devices(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.PutResult]:
    written, many = await parse_item_or_list(request, DEVICE)
    check_devices(deps, written, many=many)
    now = deps.clock()
    changed = await deps.database.write(lambda tx: _put_in_transaction(tx, [one.value() for one in written], user, now))
    if changed:
        await deps.registry.reload()
    return item_response(deps, to_schema(schema.PutResult, changed))


@router.put(
    "/devices/{device_id}",
    summary="Register or replace one device",
    responses=examples.CREATED_RESPONSE,
    openapi_extra=examples.request_body(examples.DEVICE, DEVICE),
)
async def put_device(request: Request, deps: Deps, user: RegistryAdmin, device_id: str) -> JsonResponse[schema.Device]:
    return await _replace(deps, user, device_id, await parse_json_body(request))


@router.patch(
    "/devices/{device_id}",
    summary="Change some fields (JSON merge patch)",
    openapi_extra=examples.request_body({"place": "c1-3-2-402"}, PATCH_BODY),
)
async def patch_device(
    request: Request, deps: Deps, user: RegistryAdmin, device_id: str
) -> JsonResponse[schema.Device]:
    patch = await parse_body(request, TypeAdapter(dict[str, Any]))
    held = await deps.database.read(lambda tx: registry.get_device(tx, device_id))
    if held is None:
        raise not_found("device", device_id)
    return await _replace(deps, user, device_id, merge_patch(device_view(held), patch))


@router.delete("/devices/{device_id}", status_code=204, summary="Forget a device; what it said stays")
async def delete_device(deps: Deps, user: RegistryAdmin, device_id: str) -> Response:
    now = deps.clock()

    def work(tx: Any) -> bool:
        gone = registry.delete_device(tx, device_id, now)
        if gone:
            edits.record_edits(tx, "devices", [device_id], now, deleted=True)
            audit.record(tx, now, user.token, "device deleted", {"device": device_id})
        return gone

    if not await deps.database.write(work):
        raise not_found("device", device_id)
    await deps.registry.reload()
    return Response(status_code=204)


def _view_for(user: Principal, device: Device) -> schema.Device:
    return to_schema(schema.Device, redact_device(device_view(device), user))


async def visible_device(deps: Deps, user: Principal, device_id: str) -> Device:
    """A device this principal may see, or 404."""
    device = await deps.database.read(lambda tx: registry.get_device(tx, device_id))
    if device is None or not _is_visible(deps, user, device.place):
        raise not_found("device", device_id)
    return device


def visible_places(deps: Deps, user: Principal, asked: str | None) -> set[str] | None:
    """The places a list is limited to: what was asked for, within what this principal may see. None: no limit."""
    places = deps.registry.community().places
    limits = [descendants(places, root) for root in (user.place, asked or None) if root is not None]
    return set.intersection(*limits) if limits else None


def _is_visible(deps: Deps, user: Principal, place: str | None) -> bool:
    return user.place is None or (
        place is not None and place in descendants(deps.registry.community().places, user.place)
    )


async def _replace(deps: Deps, user: Principal, device_id: str, found: Any) -> JsonResponse[schema.Device]:
    written = validate(with_path_id(device_id, found), DEVICE)
    check_devices(deps, [written], many=False)
    device, now = written.value(), deps.clock()
    changed = await deps.database.write(lambda tx: _put_in_transaction(tx, [device], user, now))
    if changed:
        await deps.registry.reload()
    return item_response(deps, to_schema(schema.Device, device), 201 if changed.created else 200)


def check_devices(deps: Deps, written: Sequence[DeviceSpec], *, many: bool) -> None:
    """422 naming every kind, platform and place we do not know, and every id that comes twice."""
    faults, seen = list[FieldError](), set[str]()
    for index, one in enumerate(written):
        problems = list(_unknown_references(deps, one))
        if one.id in seen:
            problems.append((("id",), messages_zh.DUPLICATE_ID.format(id=one.id)))
        seen.add(one.id)
        faults += [FieldError(format_path(error_path(path, index, many=many)), detail) for path, detail in problems]
    if faults:
        raise invalid(*faults)


def _unknown_references(deps: Deps, one: DeviceSpec) -> Sequence[tuple[tuple[str | int, ...], str]]:
    faults: list[tuple[tuple[str | int, ...], str]] = []
    if one.kind not in deps.registry.kinds:
        faults.append(
            (
                ("kind",),
                messages_zh.UNKNOWN_KIND.format(kind=one.kind, known="、".join(sorted(deps.registry.kinds))),
            )
        )
    if one.place is not None and one.place not in deps.registry.community().places:
        faults.append((("place",), messages_zh.UNKNOWN_PLACE.format(place=one.place)))
    for index, identity in enumerate(one.identities):
        if identity.platform not in deps.registry.platforms:
            known = "、".join(deps.registry.platforms)
            detail = messages_zh.UNKNOWN_PLATFORM.format(platform=identity.platform, known=known)
            faults.append((("identities", index, "platform"), detail))
    return faults


def merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, one level deep: in `attributes` a null removes, elsewhere null is null.

    >>> merge_patch({"place": "p1", "attributes": {"a": 1, "b": 2}}, {"place": None, "attributes": {"a": None}})
    {'place': None, 'attributes': {'b': 2}}
    """
    result = {**target, **patch}
    if isinstance(patch.get("attributes"), dict):
        both = {**target["attributes"], **patch["attributes"]}
        result["attributes"] = {name: value for name, value in both.items() if value is not None}
    return result


def _create_in_transaction(
    tx: Any, devices: Sequence[Device], user: Principal, now: Instant
) -> registry.RegistryChanges:
    changed = _put_in_transaction(tx, devices, user, now)
    if changed.updated:
        raise Problem(409, messages_zh.DEVICE_EXISTS.format(id=changed.updated[0]))
    return changed


def _put_in_transaction(tx: Any, devices: Sequence[Device], user: Principal, now: Instant) -> registry.RegistryChanges:
    try:
        changed = registry.put_devices(tx, devices, now)
    except IdentityTaken as taken:
        said = {"platform": taken.identity.platform, "id": taken.identity.id, "holder": taken.owner}
        raise Problem(409, messages_zh.IDENTITY_TAKEN.format(**said)) from None
    if changed:
        edits.record_edits(tx, "devices", (*changed.created, *changed.updated), now)
        audit.record(tx, now, user.token, "devices put", summary(changed))
    return changed
