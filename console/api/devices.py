"""`/devices`: the registry of devices: one device, registration, changes. The list is in device_states.py."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from fastapi import Request
from pydantic import TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.api.audit_details import summary
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, format_path, invalid, not_found
from console.http.requests import (
    Deps,
    error_path,
    item_response,
    parse_body,
    parse_item_or_list,
    parse_json_body,
    validate,
    with_path_id,
)
from console.http.requirements import NonLinkUser, RegistryAdmin
from console.schemas import registry as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.security.redaction import redact_device
from console.timestamps import to_schema
from console.views.records import DEVICE, device_view
from domain import Device, Instant
from domain.places import is_below
from domain.specs import DeviceSpec
from store.database import registry
from store.database.registry import edits
from store.database.system import audit
from store.errors import IdentityTaken

router = documented_router(tags=["devices"])

PATCH_BODY: Final = TypeAdapter(dict[str, Any])


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
    specs, many = await parse_item_or_list(request, DEVICE)
    check_devices(deps, specs, many=many)
    devices = [spec.value() for spec in specs]
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
    specs, many = await parse_item_or_list(request, DEVICE)
    check_devices(deps, specs, many=many)
    now = deps.clock()
    changed = await deps.database.write(lambda tx: _put_in_transaction(tx, [spec.value() for spec in specs], user, now))
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
    stored = await deps.database.read(lambda tx: registry.get_device(tx, device_id))
    if stored is None:
        raise not_found("device", device_id)
    return await _replace(deps, user, device_id, merge_patch(device_view(stored), patch))


@router.delete("/devices/{device_id}", status_code=204, summary="Delete a device; its readings stay")
async def delete_device(deps: Deps, user: RegistryAdmin, device_id: str) -> Response:
    now = deps.clock()

    def work(tx: Any) -> bool:
        deleted = registry.delete_device(tx, device_id, now)
        if deleted:
            edits.record_edits(tx, "devices", [device_id], now, deleted=True)
            audit.record(tx, now, user.token, "device deleted", {"device": device_id})
        return deleted

    if not await deps.database.write(work):
        raise not_found("device", device_id)
    await deps.registry.reload()
    return Response(status_code=204)


def _view_for(user: Principal, device: Device) -> schema.Device:
    return to_schema(schema.Device, redact_device(device_view(device), user))


async def visible_device(deps: Deps, user: Principal, device_id: str) -> Device:
    """A device; 404 unless this principal may see it."""
    device = await deps.database.read(lambda tx: registry.get_device(tx, device_id))
    if device is None or not _is_visible(deps, user, device.place):
        raise not_found("device", device_id)
    return device


def visible_places(deps: Deps, user: Principal, requested: str | None) -> AbstractSet[str] | None:
    """The places a list is limited to: the requested ones among those this principal may see. None: no limit."""
    tree = deps.registry.community().place_tree
    limits = [tree.inside(root) for root in (user.place, requested or None) if root is not None]
    return limits[0] & limits[-1] if limits else None


def _is_visible(deps: Deps, user: Principal, place: str | None) -> bool:
    return user.place is None or is_below(deps.registry.community().places, place, user.place)


async def _replace(deps: Deps, user: Principal, device_id: str, value: Any) -> JsonResponse[schema.Device]:
    spec = validate(with_path_id(device_id, value), DEVICE)
    check_devices(deps, [spec], many=False)
    device, now = spec.value(), deps.clock()
    changed = await deps.database.write(lambda tx: _put_in_transaction(tx, [device], user, now))
    if changed:
        await deps.registry.reload()
    return item_response(deps, to_schema(schema.Device, device), 201 if changed.created else 200)


def check_devices(deps: Deps, specs: Sequence[DeviceSpec], *, many: bool) -> None:
    """422 for every unknown kind, platform and place, and every id that occurs twice."""
    errors, seen = list[FieldError](), set[str]()
    for index, spec in enumerate(specs):
        problems = list(_unknown_references(deps, spec))
        if spec.id in seen:
            problems.append((("id",), messages_zh.DUPLICATE_ID.format(id=spec.id)))
        seen.add(spec.id)
        errors += [FieldError(format_path(error_path(path, index, many=many)), detail) for path, detail in problems]
    if errors:
        raise invalid(*errors)


def _unknown_references(deps: Deps, spec: DeviceSpec) -> Sequence[tuple[tuple[str | int, ...], str]]:
    errors: list[tuple[tuple[str | int, ...], str]] = []
    if spec.kind not in deps.registry.kinds:
        errors.append(
            (
                ("kind",),
                messages_zh.UNKNOWN_KIND.format(kind=spec.kind, known="、".join(sorted(deps.registry.kinds))),
            )
        )
    if spec.place is not None and spec.place not in deps.registry.community().places:
        errors.append((("place",), messages_zh.UNKNOWN_PLACE.format(place=spec.place)))
    for index, identity in enumerate(spec.identities):
        if identity.platform not in deps.registry.platforms:
            known = "、".join(deps.registry.platforms)
            detail = messages_zh.UNKNOWN_PLATFORM.format(platform=identity.platform, known=known)
            errors.append((("identities", index, "platform"), detail))
    return errors


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
        names = {"platform": taken.identity.platform, "id": taken.identity.id, "holder": taken.owner}
        raise Problem(409, messages_zh.IDENTITY_TAKEN.format(**names)) from None
    if changed:
        edits.record_edits(tx, "devices", (*changed.created, *changed.updated), now)
        audit.record(tx, now, user.person or user.token, "devices put", summary(changed))
    return changed
