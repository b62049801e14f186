"""`/devices`: the registry of devices, as integrators and administrators read and write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from console import messages_zh
from console.api.audit_details import deed
from console.dependencies import Services
from console.http import examples
from console.http.authorization import Member, Registrar
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such, path_text
from console.http.requests import (
    Asked,
    Pages,
    Text,
    listed,
    shaped,
    shown,
    where,
    with_id,
    written_many,
    written_one,
    written_raw,
)
from console.schemas import registry as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.security.redaction import device_for
from console.timestamps import typed
from console.views.place_tree import lies_under
from console.views.records import DEVICE, device_view
from domain import Device, Instant
from domain.specs import DeviceSpec
from store.database import registry
from store.database.registry import edits
from store.database.system import audit
from store.errors import IdentityTaken

router = described_router(tags=["devices"])

PATCH: Final = TypeAdapter(dict[str, Any])


@router.get("/devices", summary="Registered devices, newest first")
async def list_devices(
    services: Asked,
    who: Member,
    pages: Pages,
    kind: Text = None,
    place: Annotated[str | None, Query(description="this place and what lies under it")] = None,
    text: Annotated[str | None, Query(description="a part of the id")] = None,
) -> Answer[Page[schema.Device]]:
    places = seen_places(services, who, place)
    page = await services.ledger.read(
        lambda tx: registry.devices_page(tx, pages.limit, pages.after, kind=kind or None, places=places, text=text)
    )
    return listed(services, [_shown_to(who, device) for device in page.items], pages.seal(page.next))


@router.get("/devices/{device_id}", summary="One device")
async def one_device(services: Asked, who: Member, device_id: str) -> Answer[schema.Device]:
    return shown(services, _shown_to(who, await seen_device(services, who, device_id)))


@router.post(
    "/devices",
    status_code=201,
    responses=examples.UNCHANGED,
    summary="Register one device or a list of them, all or none",
    openapi_extra=examples.body(examples.DEVICE, DEVICE, examples.Many.ONE_OR_LIST),
)
async def create_devices(
    request: Request, services: Asked, who: Registrar
) -> Answer[schema.Device | Page[schema.Device]]:
    written, many = await written_many(request, DEVICE)
    check_devices(services, written, many=many)
    devices = [one.value() for one in written]
    now = services.clock()
    changed = await services.ledger.run(lambda tx: _create(tx, devices, who, now))
    if changed:
        await services.registry.changed()
    views = [typed(schema.Device, device) for device in devices]
    body: schema.Device | Page[schema.Device] = Page(items=views, next=None) if many else views[0]
    return shown(services, body, 201 if changed.created else 200)


@router.put(
    "/devices",
    summary="Register or replace a list of devices, all or none",
    openapi_extra=examples.body([examples.DEVICE], DEVICE, examples.Many.ONE_OR_LIST),
)
async def put_devices(request: Request, services: Asked, who: Registrar) -> Answer[schema.Changed]:
    written, many = await written_many(request, DEVICE)
    check_devices(services, written, many=many)
    now = services.clock()
    changed = await services.ledger.run(lambda tx: _put(tx, [one.value() for one in written], who, now))
    if changed:
        await services.registry.changed()
    return shown(services, typed(schema.Changed, changed))


@router.put(
    "/devices/{device_id}",
    summary="Register or replace one device",
    responses=examples.CREATED,
    openapi_extra=examples.body(examples.DEVICE, DEVICE),
)
async def put_device(request: Request, services: Asked, who: Registrar, device_id: str) -> Answer[schema.Device]:
    return await _replace(services, who, device_id, await written_raw(request))


@router.patch(
    "/devices/{device_id}",
    summary="Change some fields (JSON merge patch)",
    openapi_extra=examples.body({"place": "c1-3-2-402"}, PATCH),
)
async def patch_device(request: Request, services: Asked, who: Registrar, device_id: str) -> Answer[schema.Device]:
    patch = await written_one(request, TypeAdapter(dict[str, Any]))
    held = await services.ledger.read(lambda tx: registry.device(tx, device_id))
    if held is None:
        raise no_such("device", device_id)
    return await _replace(services, who, device_id, merged(device_view(held), patch))


@router.delete("/devices/{device_id}", status_code=204, summary="Forget a device; what it said stays")
async def delete_device(services: Asked, who: Registrar, device_id: str) -> Response:
    now = services.clock()

    def work(tx: Any) -> bool:
        gone = registry.delete_device(tx, device_id, now)
        if gone:
            edits.mark(tx, "devices", [device_id], now, deleted=True)
            audit.write(tx, now, who.token, "device deleted", {"device": device_id})
        return gone

    if not await services.ledger.run(work):
        raise no_such("device", device_id)
    await services.registry.changed()
    return Response(status_code=204)


def _shown_to(who: Principal, device: Device) -> schema.Device:
    return typed(schema.Device, device_for(device_view(device), who))


async def seen_device(services: Services, who: Principal, device_id: str) -> Device:
    """A device this principal may see, or 404."""
    device = await services.ledger.read(lambda tx: registry.device(tx, device_id))
    if device is None or not _in_reach(services, who, device.place):
        raise no_such("device", device_id)
    return device


def seen_places(services: Services, who: Principal, asked: str | None) -> set[str] | None:
    """The places a list is limited to: what was asked for, within what this principal may see. None: no limit."""
    places = services.registry.community().places
    limits = [lies_under(places, root) for root in (who.place, asked or None) if root is not None]
    return set.intersection(*limits) if limits else None


def _in_reach(services: Services, who: Principal, place: str | None) -> bool:
    return who.place is None or (
        place is not None and place in lies_under(services.registry.community().places, who.place)
    )


async def _replace(services: Services, who: Principal, device_id: str, found: Any) -> Answer[schema.Device]:
    written = shaped(with_id(device_id, found), DEVICE)
    check_devices(services, [written], many=False)
    device, now = written.value(), services.clock()
    changed = await services.ledger.run(lambda tx: _put(tx, [device], who, now))
    if changed:
        await services.registry.changed()
    return shown(services, typed(schema.Device, device), 201 if changed.created else 200)


def check_devices(services: Services, written: Sequence[DeviceSpec], *, many: bool) -> None:
    """422 naming every kind, platform and place we do not know, and every id that comes twice."""
    faults, seen = list[FieldFault](), set[str]()
    for index, one in enumerate(written):
        problems = list(_unknown(services, one))
        if one.id in seen:
            problems.append((("id",), messages_zh.TWICE.format(id=one.id)))
        seen.add(one.id)
        faults += [FieldFault(path_text(where(path, index, many=many)), detail) for path, detail in problems]
    if faults:
        raise faulty(*faults)


def _unknown(services: Services, one: DeviceSpec) -> Sequence[tuple[tuple[str | int, ...], str]]:
    faults: list[tuple[tuple[str | int, ...], str]] = []
    if one.kind not in services.registry.kinds:
        faults.append(
            (
                ("kind",),
                messages_zh.UNKNOWN_KIND.format(kind=one.kind, known="、".join(sorted(services.registry.kinds))),
            )
        )
    if one.place is not None and one.place not in services.registry.community().places:
        faults.append((("place",), messages_zh.UNKNOWN_PLACE.format(place=one.place)))
    for index, identity in enumerate(one.identities):
        if identity.platform not in services.registry.platforms:
            known = "、".join(services.registry.platforms)
            detail = messages_zh.UNKNOWN_PLATFORM.format(platform=identity.platform, known=known)
            faults.append((("identities", index, "platform"), detail))
    return faults


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, one level deep: in `attributes` a null removes, elsewhere null is null.

    >>> merged({"place": "p1", "attributes": {"a": 1, "b": 2}}, {"place": None, "attributes": {"a": None}})
    {'place': None, 'attributes': {'b': 2}}
    """
    result = {**target, **patch}
    if isinstance(patch.get("attributes"), dict):
        both = {**target["attributes"], **patch["attributes"]}
        result["attributes"] = {name: value for name, value in both.items() if value is not None}
    return result


def _create(tx: Any, devices: Sequence[Device], who: Principal, now: Instant) -> registry.Changed:
    changed = _put(tx, devices, who, now)
    if changed.updated:
        raise Problem(409, messages_zh.DEVICE_EXISTS.format(id=changed.updated[0]))
    return changed


def _put(tx: Any, devices: Sequence[Device], who: Principal, now: Instant) -> registry.Changed:
    try:
        changed = registry.put_devices(tx, devices, now)
    except IdentityTaken as taken:
        said = {"platform": taken.identity.platform, "id": taken.identity.id, "holder": taken.holder}
        raise Problem(409, messages_zh.IDENTITY_TAKEN.format(**said)) from None
    if changed:
        edits.mark(tx, "devices", (*changed.created, *changed.updated), now)
        audit.write(tx, now, who.token, "devices put", deed(changed))
    return changed
