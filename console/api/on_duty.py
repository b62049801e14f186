"""`/rosters/on-duty` and `/rosters/schedule`: who is on duty for a place, at an instant and over a period, and why."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Final, NamedTuple

from fastapi import Query

from alerts.roster.gaps import RosterGaps
from alerts.roster.on_duty import assignments, responsible_cells
from alerts.roster.schedule import RosterSchedule
from console import messages_zh
from console.api.devices import visible_places
from console.dependencies import ConsoleDependencies
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid, not_found
from console.http.requests import Deps, OptionalText, PageParams, list_response, parse_period, parse_time_field
from console.http.requirements import NonLinkUser
from console.schemas import registry as schema
from console.schemas.references import Page
from console.schemas.rosters import ScheduleItem
from console.security.auth import Principal
from console.security.masking import mask_person
from console.views.records import person_view
from console.views.rosters import ScheduleViews, because_view
from domain import DAY, Instant
from domain.people import Community
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
    pages: PageParams,
    place: Annotated[str | None, Query(description="the cell responsible for it and those above")] = None,
    cell: Annotated[str | None, Query(description="one cell; without place and cell: every cell")] = None,
    role: OptionalText = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    to: OptionalText = None,
) -> JsonResponse[Page[ScheduleItem]]:
    """By cell, role and time. Pages without `from` are of the period of the first."""
    after = None if pages.after is None else SchedulePosition(*json.loads(pages.after))
    begin, end = schedule_period(deps, since, to, None if after is None else after.begin)
    community, cells = deps.registry.community(), None
    if place is not None:
        cells = [name for name in [cell_of_place(deps, user, place)] if name is not None]
    elif cell is not None:
        if cell not in community.cells:
            raise not_found("cell", cell)
        cells = [cell]
    computed = ComputedSchedule(deps, community, name_of(deps, user), begin, end)
    items, following = await asyncio.to_thread(lambda: computed.page(computed.rows(cells, role), after, pages.limit))
    return list_response(deps, items, pages.sign_cursor(None if following is None else json.dumps(following)))


def cell_of_place(deps: ConsoleDependencies, user: Principal, place: str | None) -> str | None:
    """The cell responsible for a place; 404 for one that does not exist or that the user may not see."""
    community, visible = deps.registry.community(), visible_places(deps, user, None)
    if place is not None and (place not in community.places or (visible is not None and place not in visible)):
        raise not_found("place", place)
    return None if place is None else community.cell_of(place)


def schedule_period(
    deps: ConsoleDependencies, since: str | None, to: str | None, otherwise: Instant | None = None
) -> tuple[Instant, Instant]:
    """Begin and end of a schedule; 422 for an empty one and for more than SCHEDULE_DAYS_MAX days. Without `since` it
    begins at `otherwise`, or now."""
    begin, end = parse_period(deps, since, to)
    begin = next(at for at in (begin, otherwise, deps.clock()) if at is not None)
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


class SchedulePosition(NamedTuple):
    """An item of a schedule: the begin of its period, and the item's number in its cell and role."""

    begin: Instant
    cell: str
    role: str
    number: int


Rows = Sequence[tuple[str, str]]
"""Cells and roles, in order."""


class ComputedSchedule:
    """The schedule of a period, each cell and role at the first question for it: a district has 12,000 of them."""

    def __init__(
        self,
        deps: ConsoleDependencies,
        community: Community,
        name: Callable[[str], str],
        begin: Instant,
        end: Instant,
    ) -> None:
        self._deps, self._community, self._name, self._begin, self._end = deps, community, name, begin, end

    @cached_property
    def _schedule(self) -> RosterSchedule:
        return RosterSchedule(self._community, self._begin, self._end, self._deps.site.zone)

    @cached_property
    def _views(self) -> ScheduleViews:
        gaps = RosterGaps(self._schedule, self._community, self._begin, self._end, self._deps.site.zone)
        return ScheduleViews(self._community, self._schedule, gaps, self._name)

    def rows(self, cells: Sequence[str] | None, role: str | None) -> Rows:
        """The cells and roles to show: of these cells with the roles that they or those above have, or of every cell
        with a roster of its own; of one role or all."""
        rostered = set(self._schedule.roles)
        if cells is None:
            wanted = {key for key in rostered if key[0] in self._community.cells}
        else:
            chain = {node for cell in cells for node in responsible_cells(self._community, cell)}
            wanted = {(cell, name) for cell in cells for node, name in rostered if node in chain}
        return sorted(key for key in wanted if role in (None, key[1]))

    def page(
        self, rows: Rows, after: SchedulePosition | None, limit: int
    ) -> tuple[list[ScheduleItem], SchedulePosition | None]:
        """Up to `limit` items from this one on, and the item after them."""
        found: list[ScheduleItem] = []
        first = (after.cell, after.role) if after is not None else ("", "")
        for cell, role in rows[bisect_left(rows, first) :]:
            items = self._views.items(cell, role)
            begun = after.number if after is not None and (cell, role) == first else 0
            taken = items[begun : begun + limit - len(found)]
            found += taken
            if begun + len(taken) < len(items):
                return found, SchedulePosition(self._begin, cell, role, begun + len(taken))
        return found, None

    def items(self, rows: Rows) -> list[ScheduleItem]:
        """All items of these cells and roles."""
        return [item for cell, role in rows for item in self._views.items(cell, role)]
