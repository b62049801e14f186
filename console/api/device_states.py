"""`/devices` with their state: the list with filters and counts, and one device in detail."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Query

from console.api.devices import visible_device, visible_places
from console.api.readings import reading_view
from console.api.silences import silence_view
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import gathered_reads, personal_reads, record_bearer_read
from console.http.requests import Deps, OptionalText, PageParams, item_response, parse_choices
from console.http.requirements import NonLinkUser
from console.schemas import devices as schema
from console.security.auth import Principal
from console.security.masking import mask_name
from console.security.redaction import redact_device
from console.security.scopes import TokenScope
from console.timestamps import to_schema
from console.views.device_state import (
    counts_by_condition,
    in_condition,
    path_names,
    search_words,
    state_view,
)
from console.views.records import device_view
from console.views.wearers import is_worn
from domain import Device, Instant, Person
from domain.device_index import DeviceFilter
from domain.device_summary import DeviceCondition, DeviceSummary
from domain.people import Community
from domain.place_tree import PlaceSet
from domain.places import self_and_ancestors
from store.database import registry
from store.database.alerts import silences
from store.database.system import audit

router = documented_router(tags=["devices"])


@router.get(
    "/devices",
    summary="Registered devices with their state, newest first",
    dependencies=[gathered_reads("address, health")],
)
async def list_devices(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    kind: OptionalText = None,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
    text: Annotated[str | None, Query(description="a part of the id")] = None,
    q: Annotated[str | None, Query(description="words of id, identity, model or address; all must match")] = None,
    condition: Annotated[str | None, Query(description="alarm, offline, low_battery, expired, test or fault")] = None,
) -> JsonResponse[schema.DevicePage]:
    """`counts` are of the visible devices of this place and kind, whatever the other filters."""
    places = visible_places(deps, user, place)
    conditions = parse_choices("condition", [condition or ""], DeviceCondition)
    unwell, silenced = deps.rules.unwell_devices(), await _silenced_devices(deps)
    filters = DeviceFilter(
        kind=kind or None,
        places=places,
        ids=in_condition(unwell, conditions[0], silenced) if conditions else None,
        text=text,
        words=await asyncio.to_thread(_word_filters, deps.registry.community(), q),
    )
    index = deps.registry.devices()
    found = await asyncio.to_thread(index.find, filters)
    page, last = index.page(found, pages.limit, pages.after)
    items = [_item(deps, user, device, unwell.get(device.id), device.id in silenced) for device in page]
    counts = counts_by_condition(unwell, places, kind or None)
    return item_response(
        deps, schema.DevicePage(items=items, next=pages.sign_cursor(last), total=len(found), counts=counts)
    )


@router.get(
    "/devices/{device_id}/state",
    summary="One device with its state, newest values, findings and silences",
    dependencies=[personal_reads("health")],
)
async def get_state(deps: Deps, user: NonLinkUser, device_id: str) -> JsonResponse[schema.DeviceDetail]:
    device = await visible_device(deps, user, device_id)
    await record_bearer_read(deps, user, device)
    summary = deps.rules.device_summary(device.id)
    return item_response(deps, to_schema(schema.DeviceDetail, await _detail(deps, user, device, summary)))


async def _detail(deps: Deps, user: Principal, device: Device, summary: DeviceSummary | None) -> dict[str, Any]:
    community, now = deps.registry.community(), deps.clock()
    latest = await deps.history.latest(device.id)
    bearer = community.bearer_of(device)
    covering = await _silences_of(deps, device, now)
    firmware = device.attributes.get("firmware")
    gateway = None if summary is None or summary.gateway is None else summary
    return {
        **_item_view(deps, user, device, summary, any(one.matchers.device == device.id for one in covering)),
        "path": path_names(community, community.place_of(device)),
        "report_every_ms": 0 if summary is None else summary.report_every_ms,
        "latest": [] if _is_withheld(deps, user, device) else [reading_view(deps, device, point) for point in latest],
        "gateway": gateway and {"id": gateway.gateway, "silent_since": gateway.gateway_silent_since},
        "firmware": None if firmware is None else str(firmware),
        "findings": _findings(deps, summary),
        "silences": [silence_view(deps, one, 0) for one in covering],
        "bearer": None if bearer is None or user.scope is TokenScope.DEVICES else _name_for(user, bearer),
        "registered": await _registered(deps, device.id),
    }


def _name_for(user: Principal, person: Person) -> str:
    return person.name if user.sees_names else mask_name(person.name)


def _item(
    deps: Deps, user: Principal, device: Device, summary: DeviceSummary | None, silenced: bool
) -> schema.DeviceItem:
    # A device in no condition is not in the list of the unwell: its last message is in its own summary.
    known = summary or deps.rules.device_summary(device.id)
    return to_schema(schema.DeviceItem, _item_view(deps, user, device, known, silenced))


def _item_view(
    deps: Deps, user: Principal, device: Device, summary: DeviceSummary | None, silenced: bool
) -> dict[str, Any]:
    community = deps.registry.community()
    return {
        **redact_device(device_view(device), user),
        "address": community.address(community.place_of(device)),
        **state_view(summary, silenced),
    }


def _is_withheld(deps: Deps, user: Principal, device: Device) -> bool:
    """Whether the values of this device are not for this user: somebody wears it, and he only looks on."""
    return user.only_looks_on and is_worn(deps.registry.kinds.get(device.kind))


def _word_filters(community: Community, text: str | None) -> list[tuple[str, PlaceSet]]:
    """Each word with the places whose address has it."""
    return [(word, community.place_search.find(word)) for word in search_words(text)]


async def _silenced_devices(deps: Deps) -> set[str]:
    """Devices that an active silence names."""
    active = await deps.database.read(lambda tx: silences.active_silences(tx, deps.clock()))
    return {one.matchers.device for one in active if one.matchers.device is not None}


async def _silences_of(deps: Deps, device: Device, now: Instant) -> list[Any]:
    """The active silences that name the device, or a place around it without naming another kind."""
    active = await deps.database.read(lambda tx: silences.active_silences(tx, now))
    around = {node.id for node in self_and_ancestors(deps.registry.community().places, device.place)}
    return [
        one
        for one in active
        if one.matchers.device == device.id
        or (one.matchers.device is None and one.matchers.place in around and one.matchers.kind in (None, device.kind))
    ]


def _findings(deps: Deps, summary: DeviceSummary | None) -> list[dict[str, Any]]:
    by_name = {rule.name: rule for rule in deps.rules.summaries()}
    active = [] if summary is None else [by_name[name] for name in summary.findings if name in by_name]
    return [
        {
            "rule": rule.name,
            "title": rule.title,
            "title_en": rule.title_en,
            "severity": rule.severity,
            "ledger": rule.ledger,
        }
        for rule in active
        if rule.state != "shadow"
    ]


async def _registered(deps: Deps, device_id: str) -> dict[str, Any] | None:
    """The audit trail has the actor under the very instant of the registration; an import has none."""
    times = await deps.database.read(lambda tx: registry.registered_at(tx, device_id))
    if times is None:
        return None
    actor = await deps.database.read(lambda tx: audit.actor_at(tx, times[0], "devices put"))
    person = deps.registry.community().people.get(actor or "")
    by = None if person is None else {"id": person.id, "name": person.name}
    return {"at": times[0], "by": by, "changed_at": times[1]}
