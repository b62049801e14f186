"""`/ladders`: who is notified of which alerts, when, and under which conditions. Read only: they are files."""

from __future__ import annotations

from alerts.escalation.conditions import Conditions
from alerts.escalation.policy import Ladder, Notice
from alerts.escalation.preview import LadderRow, ladder_rows
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, list_response
from console.http.requirements import NonLinkUser
from console.schemas import ladders as schema
from console.schemas.references import Page

router = documented_router(tags=["rosters"])


@router.get("/ladders", summary="Who is notified of which alerts, and when, if nobody answers")
async def list_ladders(deps: Deps, _user: NonLinkUser) -> JsonResponse[Page[schema.Ladder]]:
    return list_response(deps, [_ladder_view(ladder) for ladder in deps.registry.ladders().ladders])


def _ladder_view(ladder: Ladder) -> schema.Ladder:
    return schema.Ladder(
        ledger=ladder.ledger,
        severities=list(ladder.severities),
        rules=list(ladder.rules),
        when=_conditions_view(ladder.when),
        people_needed=ladder.people_needed,
        take_within_ms=ladder.take_within,
        arrive_within_ms=ladder.arrive_within,
        resolve_within_ms=ladder.resolve_within,
        repeat_ms=ladder.repeat,
        recipients=[_recipient_view(row) for row in ladder_rows(ladder)],
    )


def _recipient_view(row: LadderRow) -> schema.LadderRecipient:
    recipient = row.recipient
    return schema.LadderRecipient(
        role=recipient.role,
        responsibility=recipient.responsibility,
        occasion=row.occasion,
        after_ms=row.after_ms,
        rung=row.rung,
        channels=list(recipient.channels),
        fallback=list(recipient.fallback),
        within_m=recipient.within_m,
        at_most=recipient.at_most,
        people_needed=recipient.people_needed,
        when=_conditions_view(recipient.when) if isinstance(recipient, Notice) else None,
    )


def _conditions_view(when: Conditions) -> schema.LadderConditions:
    return schema.LadderConditions(
        hazards=list(when.hazards),
        rules=list(when.rules),
        places=list(when.places),
        hours=list(when.hours),
        person=dict(when.person),
        vulnerability=when.vulnerability,
    )
