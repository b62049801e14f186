"""`POST /alerts`: a case that an operator opens by hand: a telephone call, something seen on the way."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.alert import AlertSource
from alerts.cases.request import CaseRequest
from console import messages_zh
from console.api.alerts import item_for_user, item_view, resolve_actor
from console.api.devices import visible_places
from console.http import examples
from console.http.authorization import reject_worker_link
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import Requirement
from console.schemas.alerts import AlertItem
from console.security.auth import Principal
from domain import Severity
from store.database.system import audit

router = documented_router(tags=["alerts"])

CaseOperator = Annotated[Principal, Depends(Requirement("open"))]


class CaseBody(BaseModel):
    """A case by hand. `address`: words beside the registered place, or in its stead; `person`: on whose behalf; `key`:
    a second request with the same key opens nothing and answers with the case of the first."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    title: Annotated[str, Field(min_length=2, max_length=35)]
    hazard: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    severity: Severity
    place: str | None = None
    address: Annotated[str, Field(max_length=100)] = ""
    text: Annotated[str, Field(max_length=2000)] = ""
    person: str | None = None
    key: Annotated[str, Field(min_length=8, max_length=128)] | None = None


_CASE_BODY = TypeAdapter(CaseBody)


@router.post(
    "/alerts",
    status_code=201,
    summary="Open a case by hand: it calls people like an alert of a device",
    openapi_extra=examples.request_body(examples.CASE, _CASE_BODY),
)
async def open_case(request: Request, deps: Deps, user: CaseOperator) -> JsonResponse[AlertItem | None]:
    reject_worker_link(user)
    body = await parse_body(request, _CASE_BODY)
    check_place(deps, user, body.place)
    actor = resolve_actor(deps, user, body.person)
    case = CaseRequest(
        source=AlertSource.MANUAL,
        hazard=body.hazard,
        title=body.title,
        severity=body.severity,
        text=body.text,
        place=body.place,
        address=body.address,
        key=None if body.key is None else f"manual:{user.person or user.token}:{body.key}",
    )
    alert = str((await deps.desk.open_case(case, actor)).id)
    detail = {"alert": alert, "as": actor.id}
    by, now = user.person or user.token, deps.clock()
    await deps.database.write(lambda tx: audit.record(tx, now, by, "case opened", detail))
    view = await item_view(deps, alert)
    return item_response(deps, None if view is None else item_for_user(deps, view, user), 201)


def check_place(deps: Deps, user: Principal, place: str | None) -> None:
    """422 for a place that is not registered, or none where the user is limited to one; 403 for one outside it."""
    if place is not None and place not in deps.registry.community().places:
        raise invalid(FieldError("place", messages_zh.UNKNOWN_PLACE.format(place=place)))
    visible = visible_places(deps, user, None)
    if visible is None:
        return
    if place is None:
        raise invalid(FieldError("place", messages_zh.NEED_PLACE))
    if place not in visible:
        raise Problem(403, messages_zh.OTHER_PLACE)
