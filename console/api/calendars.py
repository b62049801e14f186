"""Rosters as iCalendar files: of a line, rotation or cell, of a person by a secret link, and imported."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request
from starlette.responses import Response

from alerts.roster.ical_export import calendar_turns, write_calendar
from alerts.roster.ical_import import CalendarImport, ImportSettings, read_calendar
from alerts.roster.ical_lines import BadCalendar
from alerts.roster.on_duty import Assignment
from alerts.roster.schedule import RosterSchedule
from console import messages_zh
from console.api.roster_overrides import check_people_and_scope
from console.dependencies import ConsoleDependencies
from console.http import examples
from console.http.authorization import require
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, OptionalText, item_response
from console.http.requirements import SECRET_IN_ADDRESS, NonLinkUser, RosterPlanner
from console.schemas import rosters as schema
from console.security.auth import Principal, hash_token
from domain import DAY, Instant
from domain.people import Community
from store.database import registry
from store.database.registry import edits, rosters
from store.database.registry.rosters import CalendarLink
from store.database.system import audit

router = documented_router(tags=["rosters"])

PAST_DAYS, AHEAD_DAYS = 14, 90
MEDIA_TYPE: Final = "text/calendar; charset=utf-8"


class CalendarResponse(Response):
    """An iCalendar file."""

    media_type = "text/calendar"


@router.get(
    "/rosters/{roster_id}.ics",
    summary="The shifts of a line, rotation or cell as iCalendar (RFC 5545)",
    response_class=CalendarResponse,
)
async def read_calendar_of_roster(
    deps: Deps, _user: NonLinkUser, roster_id: Annotated[str, Path(max_length=128)]
) -> CalendarResponse:
    community = deps.registry.community()
    duty = next((one for one in community.duties if one.id == roster_id), None)
    rotation = next((one for one in community.rotations if one.id == roster_id), None)
    if duty is not None:
        name, keys = duty.id, [(duty.cell, duty.role)]
    elif rotation is not None:
        name, keys = rotation.name, [(cell, rotation.role) for cell in rotation.cells]
    elif roster_id in community.cells:
        name, keys = community.cells[roster_id].name, [(roster_id, role) for role in deps.registry.roles]
    else:
        raise not_found("duty", roster_id)

    def wanted(one: Assignment) -> bool:
        return roster_id in (one.duty, one.rotation) or (duty is None and rotation is None)

    return await asyncio.to_thread(_calendar, deps, community, name, keys, wanted)


@router.get(
    "/calendars/{secret}.ics",
    dependencies=[SECRET_IN_ADDRESS],
    summary="The shifts of a person; the secret link needs no login",
    response_class=CalendarResponse,
)
async def read_calendar_of_person(deps: Deps, secret: Annotated[str, Path(max_length=128)]) -> CalendarResponse:
    digest = hash_token(secret)
    person = await deps.database.read(lambda tx: rosters.person_of_calendar_link(tx, digest))
    community = deps.registry.community()
    if person is None or person not in community.people:
        raise Problem(404, messages_zh.NOT_FOUND["calendar"])
    keys = _keys_of_person(community, person)
    name = community.people[person].name
    return await asyncio.to_thread(_calendar, deps, community, name, keys, lambda one: one.person.id == person)


@router.post(
    "/people/{person_id}/calendar-link", status_code=201, summary="A secret link to the calendar of a person's shifts"
)
async def create_calendar_link(deps: Deps, user: NonLinkUser, person_id: str) -> JsonResponse[schema.CalendarLink]:
    _require_own_or_roster(deps, user, person_id)
    secret, now = secrets.token_urlsafe(32), deps.clock()
    link = CalendarLink(hash_token(secret), person_id, now, user.person or user.token)

    def work(tx: Any) -> None:
        rosters.add_calendar_link(tx, link)
        audit.record(tx, now, user.person or user.token, "calendar link created", {"person": person_id})

    await deps.database.write(work)
    view = schema.CalendarLink(person=person_id, path=f"/api/v1/calendars/{secret}.ics")
    return item_response(deps, view, 201)


@router.delete("/people/{person_id}/calendar-link", status_code=204, summary="Revoke every calendar link of a person")
async def revoke_calendar_links(deps: Deps, user: NonLinkUser, person_id: str) -> Response:
    _require_own_or_roster(deps, user, person_id)
    now = deps.clock()

    def work(tx: Any) -> None:
        count = rosters.revoke_calendar_links(tx, person_id)
        audit.record(
            tx, now, user.person or user.token, "calendar links revoked", {"person": person_id, "links": count}
        )

    await deps.database.write(work)
    return Response(status_code=204)


@router.post(
    "/rosters/import",
    summary="Import an iCalendar file: events become roster lines and leaves",
    openapi_extra=examples.any_body("an iCalendar file (RFC 5545)"),
)
async def import_calendar(
    request: Request,
    deps: Deps,
    user: RosterPlanner,
    person: Annotated[str | None, Query(description="of the events that name nobody")] = None,
    cell: OptionalText = None,
    role: OptionalText = None,
) -> JsonResponse[schema.ImportedCalendar]:
    check_people_and_scope(deps, {"person": person}, cell, role)
    now, data, by = deps.clock(), await request.body(), user.person or user.token
    names = {name: found.zh for name, found in deps.registry.roles.items()}
    settings = ImportSettings(deps.site.zone, now, names, person, cell, role, by)
    try:
        found = await asyncio.to_thread(read_calendar, data, deps.registry.community(), settings)
    except BadCalendar as error:
        raise invalid(*(FieldError(f"{one.line}: {one.field}", one.message) for one in error.faults)) from None

    def work(tx: Any) -> None:
        store_calendar(tx, found, now)
        detail = {"duties": len(found.duties), "overrides": len(found.overrides)}
        audit.record(tx, now, by, "calendar imported", detail)

    await deps.database.write(work)
    await deps.registry.reload()
    duties, leaves = ([record.id for record in records] for records in (found.duties, found.overrides))
    return item_response(deps, schema.ImportedCalendar(duties=duties, overrides=leaves))


def store_calendar(tx: Any, found: CalendarImport, now: Instant) -> None:
    """Store what was imported, and remove what an earlier import of the same events brought and is not in it now."""
    outdated = found.outdated(registry.list_records(tx, "duties"))
    registry.put_duties(tx, found.duties, now)
    registry.remove_records(tx, "duties", outdated, now)
    edits.record_edits(tx, "duties", [duty.id for duty in found.duties], now)
    edits.record_edits(tx, "duties", outdated, now, deleted=True)
    for override in found.outdated(registry.list_records(tx, "overrides")):
        rosters.remove_override(tx, override, now)
    rosters.add_overrides(tx, found.overrides, now)


def _calendar(
    deps: ConsoleDependencies, community: Community, name: str, keys: list[tuple[str, str]], wanted: Any
) -> CalendarResponse:
    zone, now, roles = deps.site.zone, deps.clock(), deps.registry.roles
    schedule = RosterSchedule(community, now - PAST_DAYS * DAY, now + AHEAD_DAYS * DAY, zone)
    turns = calendar_turns(schedule, keys, wanted)

    def role_name(role: str) -> str:
        return roles[role].zh if role in roles else role

    data = write_calendar(name, turns, community, role_name, zone, now)
    return CalendarResponse(data, media_type=MEDIA_TYPE, headers={"Cache-Control": "private, no-store"})


def _keys_of_person(community: Community, person: str) -> list[tuple[str, str]]:
    """Cells and roles at which a person may work: on the roster there, or in place of another person."""
    substitutes = any(override.substitute == person for override in community.overrides)
    rotations = [
        one
        for one in community.rotations
        if substitutes or any(person in team for layer in one.layers for team in layer.teams)
    ]
    keys = {(cell, one.role) for one in rotations for cell in one.cells}
    keys |= {(duty.cell, duty.role) for duty in community.duties if substitutes or duty.person == person}
    return sorted(key for key in keys if key[0] in community.cells)


def _require_own_or_roster(deps: ConsoleDependencies, user: Principal, person: str) -> None:
    if person not in deps.registry.community().people:
        raise not_found("person", person)
    if user.person != person:
        require(user, "roster")
