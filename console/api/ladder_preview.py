"""`/ladders/preview`: who would be called for a rule at a place and an instant, if nobody answered. Sends nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from alerts.alert import Alert
from alerts.escalation.policy import Occasion
from alerts.escalation.preview import CallPreview, EscalationPreview
from console.api.devices import visible_places
from console.dependencies import RuleSummary
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import not_found
from console.http.requests import Deps, OptionalText, item_response, parse_time_field
from console.http.requirements import NonLinkUser
from console.schemas import ladders as schema
from console.security.auth import Principal
from console.security.masking import mask_name
from console.timestamps import Timestamp
from domain import Instant, Ledger, Person, Severity, Subject
from domain.people import Community

router = documented_router(tags=["rosters"])

Required = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("/ladders/preview", summary="Who would be called for a rule at a place, when, and by which channels")
async def preview_calls(
    deps: Deps, user: NonLinkUser, rule: Required, place: Required, at: OptionalText = None
) -> JsonResponse[schema.LadderPreview]:
    """The people on duty at `at` (default now). A call without people is a gap."""
    community, moment = deps.registry.community(), parse_time_field(deps, "at", at)
    places = visible_places(deps, user, None)
    if place not in community.places or (places is not None and place not in places):
        raise not_found("place", place)
    summary = next((one for one in deps.rules.summaries() if one.name == rule), None)
    if summary is None:
        raise not_found("rule", rule)

    def affected(alert: Alert) -> tuple[Person, ...]:
        return community.concerned(alert.subject, None, alert.place)

    preview = EscalationPreview(
        deps.registry.ladders(), community, deps.registry.roles, affected, deps.site.zone, deps.registry.channels
    )
    now = deps.clock() if moment is None else moment
    alert = preview.choice.with_vulnerability(_alert(summary, community, place, now))
    ladder = preview.ladder(alert)
    return item_response(
        deps,
        schema.LadderPreview(
            rule=rule,
            title=summary.title,
            severity=alert.severity,
            ledger=alert.ledger,
            place=place,
            address=alert.address or "",
            at=Timestamp(now),
            vulnerable=alert.vulnerable if user.sees_names else "",
            take_within_ms=ladder.take_within,
            arrive_within_ms=ladder.arrive_within,
            calls=[_call_view(call, community, user) for call in preview.calls(alert)],
        ),
    )


def _alert(rule: RuleSummary, community: Community, place: str, at: Instant) -> Alert:
    """The alert that such a finding would open there."""
    return Alert(
        id=0,
        rule=rule.name,
        title=rule.title,
        hazard=rule.hazard,
        severity=Severity(rule.severity),
        ledger=Ledger(rule.ledger),
        subject=Subject("device", ""),
        place=place,
        cell=community.cell_of(place),
        address=community.address(place),
        started_at=at,
        opened_at=at,
        updated_at=at,
        state_since=at,
        danger_at=at,
        ladder_rule=rule.name,
    )


def _call_view(call: CallPreview, community: Community, user: Principal) -> schema.PreviewedCall:
    recipient, row = call.row.recipient, call.row
    return schema.PreviewedCall(
        role=recipient.role,
        responsibility=recipient.responsibility,
        phone=row.is_phone_call,
        occasion=row.occasion,
        after_ms=call.after_ms,
        rung=row.rung,
        people=[
            schema.PreviewedPerson(
                id=person.id if user.sees_names or person.id in community.workers else "",
                name=person.name if user.sees_names or person.id in community.workers else mask_name(person.name),
                channels=list(channels),
            )
            for person, channels in call.people
        ],
        # Without an occasion's condition nobody is awaited; a rung without people is passed over.
        gap=not call.people and row.occasion is Occasion.OPENED and row.rung is not None,
    )
