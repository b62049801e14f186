"""`/rosters/on-duty`: who is on duty for a place at an instant, by role, as the escalation would call them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from alerts.roster.on_duty import on_duty_ranked
from console.api.devices import visible_places
from console.http.authorization import NonLinkUser
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import not_found
from console.http.requests import Deps, OptionalText, list_response, parse_time_field
from console.schemas import registry as schema
from console.schemas.references import Page
from console.security.masking import mask_person
from console.views.records import person_view

router = documented_router(tags=["rosters"])


@router.get("/rosters/on-duty", summary="Who is on duty for a place, by role; of equal rank are called together")
async def list_on_duty(
    deps: Deps,
    user: NonLinkUser,
    place: Annotated[str | None, Query(description="without a place: the people of the topmost cells")] = None,
    at: OptionalText = None,
) -> JsonResponse[Page[schema.OnDuty]]:
    community, now = deps.registry.community(), parse_time_field(deps, "at", at) or deps.clock()
    visible = visible_places(deps, user, None)
    if place is not None and (place not in community.places or (visible is not None and place not in visible)):
        raise not_found("place", place)
    cell = None if place is None else community.cell_of(place)
    items = []
    for role in deps.registry.roles:
        for rank, person in on_duty_ranked(community, cell, role, now, deps.site.zone):
            view = person_view(person) if user.sees_names else mask_person(person_view(person), is_resident=False)
            contact = {key: view[key] for key in ("id", "name", "phone", "wecom")}
            items.append(schema.OnDuty(role=role, rank=rank, **contact))
    return list_response(deps, items)
