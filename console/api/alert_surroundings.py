"""`/alerts/{id}/surroundings`: plans, doors of the stairwell with who needs help there and what their devices say, and
the case in outside systems."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from console.api.alerts import require_visible_alert
from console.api.devices import visible_places
from console.api.readings import reading_view
from console.dependencies import ConsoleDependencies
from console.http.openapi import JsonResponse, PlanResponse, documented_router
from console.http.personal_data import personal_reads, record_personal_reads
from console.http.problems import not_found
from console.http.requests import Deps, item_response
from console.http.requirements import CurrentUser
from console.schemas import surroundings as schema
from console.security.auth import Principal
from console.timestamps import Timestamp
from console.views.people_at_risk import care_notes, may_see_people
from console.views.surroundings import (
    Household,
    danger_quantities,
    devices_by_household,
    households_of,
    marks_on,
    open_by_household,
    plans_around,
    unit_of,
)
from console.views.wearers import is_worn
from domain import Device, Place
from domain.device_index import DeviceFilter
from domain.device_summary import DeviceCondition, DeviceSummary
from store.database.alerts import queries
from store.database.exchange import cases
from store.history import Point

router = documented_router(tags=["alerts"])

ACTIVE = ("open", "acknowledged", "on_site", "shelved")
DEVICES_MAX: Final = 500
VALUES_OF_DEVICES_MAX: Final = 12
"""Each is a query of the history."""
PLAN_HEADERS: Final = {
    "Cache-Control": "private, max-age=300",
    # A drawing opened by itself loads nothing and runs nothing.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
}


@router.get(
    "/alerts/{alert_id}/surroundings",
    summary="Plans, doors of the same stairwell, and the case in outside systems",
    dependencies=[personal_reads("health")],
)
async def get_surroundings(deps: Deps, user: CurrentUser, alert_id: str) -> JsonResponse[schema.Surroundings]:
    """Who needs help behind which door is shown to those who see the people of the alert. A worker's link shows the
    plans."""
    view = await require_visible_alert(deps, user, alert_id)
    community = deps.registry.community()
    unit = unit_of(community, view["place"])
    building = community.building_of(view["place"])
    plans = await _plans(deps, user, view)
    handed_over = await _handed_over(deps, alert_id)
    households = [] if unit is None or user.alert is not None else await _households(deps, user, view, unit.id)
    return item_response(
        deps,
        schema.Surroundings(
            unit=community.address(unit.id) if unit is not None else None,
            storeys=None if building is None else _whole_number(building.attributes.get("floors")),
            plans=plans,
            households=households,
            handed_over=handed_over,
        ),
    )


@router.get(
    "/alerts/{alert_id}/plans/{place_id}",
    summary="The plan of a place around an alert (SVG, PNG, JPEG or WebP)",
    response_class=PlanResponse,
)
async def get_plan(deps: Deps, user: CurrentUser, alert_id: str, place_id: str) -> Response:
    """Of a place that contains the alert, which the user may see; a worker's link shows all of them."""
    view = await require_visible_alert(deps, user, alert_id)
    drawn = await asyncio.to_thread(deps.registry.plans)
    if place_id not in {place.id for place in _visible_plans(deps, user, view["place"], list(drawn))}:
        raise not_found("plan", place_id)
    try:
        content = await asyncio.to_thread(drawn[place_id].path.read_bytes)
    except OSError:
        raise not_found("plan", place_id) from None
    return Response(content, media_type=drawn[place_id].media_type, headers=PLAN_HEADERS)


async def _plans(deps: Deps, user: Principal, view: Mapping[str, str]) -> list[schema.Plan]:
    drawn = await asyncio.to_thread(deps.registry.plans)
    places = _visible_plans(deps, user, view["place"], list(drawn))
    if not places:
        return []
    community, unwell = deps.registry.community(), deps.rules.unwell_devices()
    devices = _devices_in(deps, community.place_tree.inside(places[-1].id))
    return [
        schema.Plan(
            place=place.id,
            name=community.address(place.id),
            path=f"/api/v1/alerts/{view['id']}/plans/{quote(place.id, safe='')}",
            marks=[
                schema.PlanMark(
                    device=mark.device.id,
                    kind=mark.device.kind,
                    x=mark.x,
                    y=mark.y,
                    here=mark.device.id == view["device"],
                    conditions=_conditions(unwell.get(mark.device.id)),
                )
                for mark in marks_on(community, place, drawn, devices)
            ],
        )
        for place in places
    ]


def _visible_plans(deps: Deps, user: Principal, place: str | None, drawn: Sequence[str]) -> list[Place]:
    """Nearest first, to the edge of the place that the user is limited to."""
    places = visible_places(deps, user, None)
    around = plans_around(deps.registry.community(), place, drawn)
    return [one for one in around if places is None or one.id in places]


async def _households(deps: Deps, user: Principal, view: Mapping[str, str], unit: str) -> list[schema.Household]:
    community = deps.registry.community()
    inside = community.place_tree.inside(unit)
    filters = queries.AlertFilter(state=ACTIVE, place=inside)
    page = await deps.database.read(lambda tx: queries.list_alerts(tx, filters, 200))
    alerts = open_by_household(community, page.items)
    shown, places = may_see_people(user, view), visible_places(deps, user, None)
    visible = [
        household
        for household in households_of(community, community.places[unit], view["place"])
        if places is None or household.place.id in places
    ]
    if shown:
        read = [person.id for household in visible for person in household.people]
        await record_personal_reads(deps, user, read, "health")
    found = _devices_in(deps, inside)
    if user.only_looks_on:
        found = [device for device in found if not is_worn(deps.registry.kinds.get(device.kind))]
    devices = devices_by_household(community, found)
    newest_values = await _newest_values(deps, visible, devices)
    return [
        _household_view(
            deps,
            household,
            alerts.get(household.place.id, []),
            devices.get(household.place.id, []),
            newest_values,
            shown,
        )
        for household in visible
    ]


def _devices_in(deps: Deps, places: AbstractSet[str]) -> Sequence[Device]:
    index = deps.registry.devices()
    return index.page(index.find(DeviceFilter(places=places)), DEVICES_MAX, None)[0]


async def _newest_values(
    deps: Deps, households: Sequence[Household], devices: Mapping[str, Sequence[Device]]
) -> Mapping[str, list[schema.DeviceValue]]:
    """The newest values of the detectors next to the alert's door, by device."""
    detectors = [
        (device, danger_quantities(deps.registry.kinds.get(device.kind)))
        for household in households
        if household.position is not None
        for device in devices.get(household.place.id, ())
    ]
    asked = [(device, names) for device, names in detectors if names][:VALUES_OF_DEVICES_MAX]
    newest = await asyncio.gather(*(deps.history.latest(device.id) for device, _ in asked))
    return {
        device.id: [_value(deps, device, point) for point in points if point.quantity in names]
        for (device, names), points in zip(asked, newest, strict=True)
    }


def _value(deps: Deps, device: Device, point: Point) -> schema.DeviceValue:
    reading = reading_view(deps, device, point)
    return schema.DeviceValue(quantity=reading.quantity, value=reading.value, unit=reading.unit, at=reading.at)


def _household_view(
    deps: ConsoleDependencies,
    household: Household,
    alerts: list[str],
    devices: Sequence[Device],
    newest_values: Mapping[str, list[schema.DeviceValue]],
    shown: bool,
) -> schema.Household:
    notes = [note for person in household.people for note in care_notes(deps, person)] if shown else []
    return schema.Household(
        place=household.place.id,
        name=household.place.name,
        here=household.here,
        storey=household.door.storey,
        door=household.door.number,
        position=household.position,
        devices=[_device_view(deps, device, newest_values.get(device.id, [])) for device in devices],
        alerts=alerts,
        in_need=len(household.people) if shown else 0,
        care=[schema.CareNote(**note) for note in notes],
    )


def _device_view(deps: ConsoleDependencies, device: Device, values: list[schema.DeviceValue]) -> schema.DoorDevice:
    summary = deps.rules.device_summary(device.id)
    last_message_at = None if summary is None else summary.last_message_at
    return schema.DoorDevice(
        id=device.id,
        kind=device.kind,
        conditions=_conditions(summary),
        last_message_at=None if last_message_at is None else Timestamp(last_message_at),
        values=values,
    )


def _conditions(summary: DeviceSummary | None) -> list[DeviceCondition]:
    return [] if summary is None else sorted(summary.conditions, key=list(DeviceCondition).index)


def _whole_number(value: object) -> int | None:
    return int(str(value)) if str(value).isdecimal() else None


async def _handed_over(deps: Deps, alert_id: str) -> list[schema.HandedOver]:
    links = await deps.database.read(lambda tx: cases.links_of(tx, int(alert_id)))
    titles = deps.exchange.titles if deps.exchange is not None else {}
    return [
        schema.HandedOver(
            system=link.system,
            title=titles.get(link.system, (link.system, link.system))[0],
            title_en=titles.get(link.system, (link.system, link.system))[1],
            direction=link.direction,
            number=link.their_id or link.external_id,
            state=link.state,
            deadline=None if link.their_deadline is None else Timestamp(link.their_deadline),
            updated_at=Timestamp(link.updated_at),
        )
        for link in links
    ]
