"""`/rosters/on-duty` and `/rosters/schedule`: who is on duty for a place, at an instant and over a period, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Query

from alerts.roster.gaps import gaps_of_schedule
from alerts.roster.on_duty import assignments, responsible_cells
from alerts.roster.schedule import RosterSchedule
from console import messages_zh
from console.api.devices import visible_places
from console.dependencies import ConsoleDependencies
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid, not_found
from console.http.requests import Deps, OptionalText, list_response, parse_period, parse_time_field
from console.http.requirements import NonLinkUser
from console.schemas import registry as schema
from console.schemas.references import Page
from console.schemas.rosters import ScheduleItem
from console.security.auth import Principal
from console.security.masking import mask_person
from console.views.records import person_view
from console.views.rosters import ScheduleViews, because_view
from domain import DAY, Instant
from domain.rosters import HORIZON_MS

router = documented_router(tags=["rosters"])

SCHEDULE_DAYS_MAX: Final = 62
PlaceText = Annotated[str | None, Query(description="without a place: the people of the topmost cells")]


@router.get("/rosters/on-duty", summary="Who is on duty for a place, by role; of equal rank are called together")
async def list_on_duty(
    deps: Deps,
    user: NonLinkUser,
    place: PlaceText = None,
    at: OptionalText = None,
    role: OptionalText = None,
    hazard: Annotated[str | None, Query(description="the people for alerts of this hazard")] = None,
) -> JsonResponse[Page[schema.OnDuty]]:
    community, now = deps.registry.community(), parse_time_field(deps, "at", at) or deps.clock()
    cell = cell_of_place(deps, user, place)
    items = []
    for name in deps.registry.roles if role is None else [role]:
        for one in assignments(community, cell, name, now, deps.site.zone, hazard):
            view = person_view(one.person)
            view = view if user.sees_names else mask_person(view, is_resident=False)
            contact = {key: view[key] for key in ("id", "name", "phone", "wecom")}
            items.append(schema.OnDuty(role=name, rank=one.rank, because=because_view(one), **contact))
    return list_response(deps, items)


@router.get("/rosters/schedule", summary="Shifts and gaps of a period (default: the next 14 days) as intervals")
async def list_schedule(
    deps: Deps,
    user: NonLinkUser,
    place: Annotated[str | None, Query(description="the cell responsible for it and those above")] = None,
    cell: Annotated[str | None, Query(description="one cell; without place and cell: every cell")] = None,
    role: OptionalText = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    to: OptionalText = None,
) -> JsonResponse[Page[ScheduleItem]]:
    begin, end = schedule_period(deps, since, to)
    community, cells = deps.registry.community(), None
    if place is not None:
        cells = [name for name in [cell_of_place(deps, user, place)] if name is not None]
    elif cell is not None:
        if cell not in community.cells:
            raise not_found("cell", cell)
        cells = [cell]
    items = await asyncio.to_thread(compute_schedule, deps, name_of(deps, user), begin, end, cells, role)
    return list_response(deps, items)


def cell_of_place(deps: ConsoleDependencies, user: Principal, place: str | None) -> str | None:
    """The cell responsible for a place; 404 for one that does not exist or that the user may not see."""
    community, visible = deps.registry.community(), visible_places(deps, user, None)
    if place is not None and (place not in community.places or (visible is not None and place not in visible)):
        raise not_found("place", place)
    return None if place is None else community.cell_of(place)


def schedule_period(deps: ConsoleDependencies, since: str | None, to: str | None) -> tuple[Instant, Instant]:
    """Begin and end of a schedule; 422 for an empty one and for more than SCHEDULE_DAYS_MAX days."""
    begin, end = parse_period(deps, since, to)
    begin = deps.clock() if begin is None else begin
    end = begin + HORIZON_MS if end is None else end
    if not begin < end <= begin + SCHEDULE_DAYS_MAX * DAY:
        raise invalid(FieldError("to", messages_zh.PERIOD_TOO_LONG.format(days=SCHEDULE_DAYS_MAX)))
    return begin, end


def name_of(deps: ConsoleDependencies, user: Principal) -> Callable[[str], str]:
    """The name of a person as this user may see it."""
    people = deps.registry.community().people

    def name(person: str) -> str:
        if person not in people:
            return person
        view = person_view(people[person])
        shown: str = (view if user.sees_names else mask_person(view, is_resident=False))["name"]
        return shown

    return name


def compute_schedule(
    deps: ConsoleDependencies,
    name: Callable[[str], str],
    begin: Instant,
    end: Instant,
    cells: list[str] | None,
    role: str | None,
) -> list[ScheduleItem]:
    """The schedule of these cells (None: of every cell with a roster of its own), of one role or all."""
    community, zone = deps.registry.community(), deps.site.zone
    schedule = RosterSchedule(community, begin, end, zone)
    chain = None if cells is None else {node for cell in cells for node in responsible_cells(community, cell)}
    gaps = gaps_of_schedule(schedule, community, begin, end, zone, chain)
    if cells is None:
        wanted = sorted(key for key in schedule.roles if key[0] in community.cells)
    else:
        roles = sorted({name for node, name in schedule.roles if node in (chain or ())})
        wanted = [(cell, name) for cell in cells for name in roles]
    views = ScheduleViews(community, schedule, gaps, name)
    return [item for cell, found in wanted if role in (None, found) for item in views.items(cell, found)]
