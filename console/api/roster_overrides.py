"""`/rosters/overrides`: leave and covers. Each takes effect at once, is audited, and is removed as a whole."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any, Final

from fastapi import Query, Request
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from alerts.ports import Transaction
from alerts.roster.on_duty import responsible_cells
from console import messages_zh
from console.api.on_duty import ComputedSchedule, name_of
from console.dependencies import ConsoleDependencies
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body, parse_time_field
from console.http.requirements import NonLinkUser, RosterPlanner
from console.schemas import rosters as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.views.rosters import override_view, stored_override_view
from domain import DAY, Instant
from domain.rosters import Override, OverrideKind
from domain.specs import Id, Text
from store.database.alerts.repository import SqlAlertStore
from store.database.registry import rosters
from store.database.system import audit

router = documented_router(tags=["rosters"])

DAYS_MAX: Final = 366
Reason = Annotated[Text, Field(min_length=1, max_length=500)]


class OverrideBody(BaseModel):
    """A leave (`leave` is its type: 年假, 病假 ...) or a cover, which needs a substitute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: OverrideKind
    person: Id
    since: Annotated[str, Field(alias="from")]
    until: str
    substitute: Id | None = None
    cell: Id | None = None
    role: Id | None = None
    leave: Annotated[Text, Field(max_length=20)] = ""
    reason: Reason


_BODY: Final = TypeAdapter(OverrideBody)


@router.get("/rosters/overrides", summary="Leave, covers and swaps that are not over, the earliest first")
async def list_overrides(
    deps: Deps,
    user: NonLinkUser,
    person: Annotated[str | None, Query(description="of this person's turns, or worked by this person")] = None,
) -> JsonResponse[Page[schema.Override]]:
    now = deps.clock()
    found = [
        one
        for one in deps.registry.community().overrides
        if one.until > now and person in (None, one.person, one.substitute)
    ]
    ordered = sorted(found, key=lambda one: (one.since, one.id))
    return list_response(deps, [_shown(user, override_view(one)) for one in ordered])


def _shown(user: Principal, view: schema.Override) -> schema.Override:
    """Why somebody is away (病假) is for himself and for those who make the roster."""
    if user.has_permission("roster") or user.person == view.person:
        return view
    return replace(view, leave="", reason="")


@router.post(
    "/rosters/overrides",
    status_code=201,
    summary="Register a leave or a cover; the response lists the gaps that the person leaves",
    openapi_extra=examples.request_body(examples.OVERRIDE, _BODY),
)
async def create_override(request: Request, deps: Deps, user: RosterPlanner) -> JsonResponse[schema.StoredOverride]:
    body, now = await parse_body(request, _BODY), deps.clock()
    override = _override(deps, user, body, now)

    def work(tx: Any) -> None:
        rosters.add_overrides(tx, [override], now)
        audit.record(tx, now, user.person or user.token, f"{override.kind} registered", override_detail(override))
        deps.desk.roster_messages.override_registered(Transaction(SqlAlertStore(tx), now), override)

    await deps.database.write(work)
    deps.desk.on_outbox()
    await deps.registry.reload()
    gaps = await asyncio.to_thread(gaps_left_by, deps, user, override, now)
    return item_response(deps, stored_override_view(override, gaps), 201)


@router.delete("/rosters/overrides/{override_id}", status_code=204, summary="Remove it; the roster holds again")
async def delete_override(
    deps: Deps, user: RosterPlanner, override_id: str, reason: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    now = deps.clock()

    def work(tx: Any) -> None:
        stored = rosters.get_override(tx, override_id)
        if stored is None:
            raise not_found("override", override_id)
        if stored.swap is not None:
            raise Problem(409, messages_zh.OF_A_SWAP.format(swap=stored.swap))
        rosters.remove_override(tx, override_id, now)
        by, detail = user.person or user.token, {**override_detail(stored), "why_removed": reason}
        audit.record(tx, now, by, f"{stored.kind} removed", detail)
        if stored.until > now:
            deps.desk.roster_messages.override_removed(Transaction(SqlAlertStore(tx), now), stored, by)

    await deps.database.write(work)
    deps.desk.on_outbox()
    await deps.registry.reload()
    return Response(status_code=204)


def override_detail(override: Override) -> dict[str, str | int | None]:
    """An override in the audit trail."""
    return {
        "id": override.id,
        "person": override.person,
        "substitute": override.substitute,
        "from": override.since,
        "until": override.until,
        "cell": override.cell,
        "role": override.role,
        "leave": override.leave,
        "reason": override.reason,
    }


def parse_hours(
    deps: ConsoleDependencies, since: str, until: str, now: Instant, names: tuple[str, str] = ("from", "until")
) -> tuple[Instant, Instant]:
    """Begin and end of an override; 422 when it is over, empty or longer than a year."""
    begin, end = parse_time_field(deps, names[0], since), parse_time_field(deps, names[1], until)
    if begin is None or end is None:
        raise invalid(FieldError(names[0] if begin is None else names[1], messages_zh.BAD_TIME))
    if end <= begin or end <= now:
        raise invalid(FieldError(names[1], messages_zh.TO_BEFORE_FROM))
    if end - begin > DAYS_MAX * DAY:
        raise invalid(FieldError(names[1], messages_zh.PERIOD_LONGER_THAN.format(days=DAYS_MAX)))
    return begin, end


def check_people_and_scope(
    deps: ConsoleDependencies, people: dict[str, str | None], cell: str | None, role: str | None
) -> None:
    """422 for people (by field), a cell or a role that do not exist."""
    community = deps.registry.community()
    errors = [
        FieldError(field, messages_zh.UNKNOWN_PERSON.format(person=person))
        for field, person in people.items()
        if person is not None and person not in community.people
    ]
    if cell is not None and cell not in community.cells:
        errors.append(FieldError("cell", messages_zh.UNKNOWN_CELL.format(cell=cell)))
    if role is not None and role not in deps.registry.roles:
        known = "、".join(deps.registry.roles)
        errors.append(FieldError("role", messages_zh.UNKNOWN_ROLE.format(role=role, roles=known)))
    if errors:
        raise invalid(*errors)


def gaps_left_by(
    deps: ConsoleDependencies, user: Principal, override: Override, now: Instant
) -> list[schema.ScheduleItem]:
    """The gaps in the hours of an override of which its person is the reason."""
    community, begin = deps.registry.community(), max(override.since, now)
    computed = ComputedSchedule(deps, community, name_of(deps, user), begin, override.until)
    own = community.cells_of(override.person)
    rows = [
        (cell, role)
        for cell, role in computed.rows(None, override.role)
        if not own.isdisjoint(responsible_cells(community, cell))
    ]
    return [item for item in computed.items(rows) if any(one.id == override.person for one in item.missing)]


def _override(deps: ConsoleDependencies, user: Principal, body: OverrideBody, now: Instant) -> Override:
    since, until = parse_hours(deps, body.since, body.until, now)
    check_people_and_scope(deps, {"person": body.person, "substitute": body.substitute}, body.cell, body.role)
    if body.kind is OverrideKind.SWAP:
        raise invalid(FieldError("kind", messages_zh.BAD_CHOICE.format(value=body.kind, known="leave、cover")))
    if body.substitute == body.person:
        raise invalid(FieldError("substitute", messages_zh.SAME_PERSON))
    if body.kind is OverrideKind.LEAVE and (body.cell, body.role) != (None, None):
        raise invalid(FieldError("cell" if body.cell is not None else "role", messages_zh.LEAVE_EVERYWHERE))
    if body.kind is OverrideKind.COVER and body.substitute is None:
        raise invalid(FieldError("substitute", messages_zh.NO_SUBSTITUTE))
    return Override(
        id=f"o-{secrets.token_hex(6)}",
        kind=body.kind,
        person=body.person,
        since=since,
        until=until,
        substitute=body.substitute,
        cell=body.cell,
        role=body.role,
        leave=body.leave,
        reason=body.reason,
        made_by=user.person or user.token,
        made_at=now,
    )
