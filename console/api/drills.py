"""`/drills`: exercises. Only staff is called; the result lists who answered when."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.cases.exercise_scenarios import SCENARIOS, Scenario, find_scenario
from console import messages_zh
from console.api.alerts import require_visible_alert, resolve_actor
from console.api.cases import check_place
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body
from console.http.requirements import NonLinkUser, Requirement
from console.schemas import drills as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import to_schema
from console.views.drill_result import drill_view
from store.database.alerts import delivery_trails
from store.database.system import audit

router = documented_router(tags=["drills"])

DrillLeader = Annotated[Principal, Depends(Requirement("verify"))]
"""Whoever may verify and close alerts may start and end exercises."""

EXAMPLE: Final = {"scenario": "gas-leak", "place": "c1-3-2-402", "text": "十一月消防演练"}


class DrillBody(BaseModel):
    """`scenario` is a name of `GET /drills/scenarios`; with `hazard` alone the first scenario of it is played."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: Annotated[str, Field(max_length=64)] | None = None
    hazard: Annotated[str, Field(max_length=64)] | None = None
    place: Annotated[str, Field(max_length=200)] | None = None
    text: Annotated[str, Field(max_length=2000)] = ""
    person: str | None = None


_DRILL_BODY: Final = TypeAdapter(DrillBody)


@router.get("/drills/scenarios", summary="Dangers that can be played in a drill")
async def list_scenarios(deps: Deps, _user: NonLinkUser) -> JsonResponse[Page[schema.Scenario]]:
    return list_response(
        deps,
        [
            schema.Scenario(name=one.name, hazard=one.hazard, title=one.title, severity=one.severity.value)
            for one in SCENARIOS
        ],
    )


@router.post(
    "/drills",
    status_code=201,
    summary="Start a drill: staff is called as in earnest, nobody else, and it ends by itself after half an hour",
    openapi_extra=examples.request_body(EXAMPLE, _DRILL_BODY),
)
async def start_drill(request: Request, deps: Deps, user: DrillLeader) -> JsonResponse[schema.Drill]:
    body = await parse_body(request, _DRILL_BODY)
    scenario = _scenario(body)
    check_place(deps, user, body.place)
    actor, now = resolve_actor(deps, user, body.person), deps.clock()
    alert = await deps.drills.start(scenario, body.place, actor, body.text)
    detail = {"alert": str(alert.id), "scenario": scenario.name}
    await deps.database.write(lambda tx: audit.record(tx, now, user.person or user.token, "drill started", detail))
    return item_response(deps, await _result(deps, user, str(alert.id)), 201)


@router.get("/drills/{alert_id}", summary="The result of a drill: who was called, and who answered when")
async def get_drill(deps: Deps, user: NonLinkUser, alert_id: str) -> JsonResponse[schema.Drill]:
    return item_response(deps, await _result(deps, user, alert_id))


@router.post("/drills/{alert_id}/end", summary="End a drill; what has not been sent is not sent")
async def end_drill(deps: Deps, user: DrillLeader, alert_id: str) -> JsonResponse[schema.Drill]:
    await _result(deps, user, alert_id)
    await deps.drills.end(int(alert_id), deps.clock())
    now = deps.clock()
    await deps.database.write(
        lambda tx: audit.record(tx, now, user.person or user.token, "drill ended", {"alert": alert_id})
    )
    return item_response(deps, await _result(deps, user, alert_id))


def _scenario(body: DrillBody) -> Scenario:
    found = find_scenario(body.scenario, body.hazard)
    if found is None:
        known = "、".join(one.name for one in SCENARIOS)
        value = body.scenario or body.hazard or ""
        raise invalid(FieldError("scenario", messages_zh.BAD_CHOICE.format(value=value, known=known)))
    return found


async def _result(deps: Deps, user: Principal, alert_id: str) -> schema.Drill:
    view = await require_visible_alert(deps, user, alert_id)
    if not view["exercise"]:
        raise not_found("drill", alert_id)
    rows = await deps.database.read(lambda tx: delivery_trails.deliveries_of_alert(tx, alert_id))
    return to_schema(schema.Drill, drill_view(view, rows))
