"""`POST /alerts/{id}/{action}`: what people do with an alert. Who acts is checked against the token."""

from __future__ import annotations

from typing import Annotated, Any, Final, get_args

from fastapi import Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.alert import Actor, CaseDisposition
from alerts.handling.person_actions import NoSuchAlert
from alerts.lifecycle.event import InvalidField, InvalidTransition
from console import messages_zh
from console.api.acting_person import acting_person
from console.api.alerts import item_for_user, item_view, may_act, require_visible_alert
from console.http import examples
from console.http.authorization import require
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, parse_body, parse_time_field
from console.http.requirements import CurrentUser, RequirementByPath
from console.schemas.alerts import Action, AlertItem
from console.security.auth import Principal
from store.database.system import audit

router = documented_router(tags=["alerts"])

ACTIONS: Final = get_args(Action)


class ActionBody(BaseModel):
    """Parameters of an action. `person`: the person an operator acts for; default: the logged-in user. `pin`: proves
    that this person acts, with a token that several share. `to`: a person (assign), or a role, person or outside system
    (return). `into`: the alert to merge into. `findings`: to split off. `disposition`: what it turned out to be
    (resolve, close, conclude)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    comment: Annotated[str, Field(max_length=2000)] | None = None
    reason: Annotated[str, Field(max_length=2000)] | None = None
    until: str | None = None
    to: str | None = None
    person: str | None = None
    pin: Annotated[str, Field(max_length=32)] | None = None
    into: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None
    findings: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=1000)] = ()
    disposition: CaseDisposition | None = None
    photo: None = None
    """A photo is no part of an action: it is refused here, not dropped (console.api.photos)."""
    photos: None = None


BY_ACTION: Final = Depends(RequirementByPath("action", {name: name for name in ACTIONS}, or_asked=True))
_ACTION_BODY: Final = TypeAdapter(ActionBody)


@router.post(
    "/alerts/{alert_id}/{action}",
    dependencies=[BY_ACTION],
    summary="Perform an action on an alert; 409 explains why it is not possible now",
    description="、".join(ACTIONS),
    openapi_extra=examples.request_body(examples.ACTION, _ACTION_BODY, optional=True),
)
async def perform_action(
    request: Request,
    deps: Deps,
    user: CurrentUser,
    alert_id: str,
    action: Annotated[str, Path(json_schema_extra={"enum": list(ACTIONS)})],
) -> JsonResponse[AlertItem | None]:
    if action not in ACTIONS:
        raise not_found("path")
    body = await parse_body(request, _ACTION_BODY, optional=True)
    before = await require_visible_alert(deps, user, alert_id)
    if not may_act(user, action, before):
        require(user, action)
    actor = await acting_person(request, deps, user, body.person, body.pin)
    await _check_references(deps, user, action, body)
    await _perform(deps, alert_id, action, actor, body)
    await _record(deps, user, alert_id, action, actor, body)
    view = await item_view(deps, alert_id)
    return item_response(deps, None if view is None else item_for_user(deps, view, user))


async def _check_references(deps: Deps, user: Principal, action: str, body: ActionBody) -> None:
    """422 for an unknown person; 404 for an alert to merge into that this user may not see."""
    if action == "assign" and body.to is not None and body.to not in deps.registry.community().people:
        raise invalid(FieldError("to", messages_zh.UNKNOWN_PERSON.format(person=body.to)))
    if action == "merge" and body.into is not None:
        await require_visible_alert(deps, user, body.into)


async def _perform(deps: Deps, alert_id: str, action: str, actor: Actor, body: ActionBody) -> None:
    until = parse_time_field(deps, "until", body.until)
    beside: dict[str, Any] = {"disposition": body.disposition, "into": body.into, "findings": body.findings}
    try:
        await deps.desk.perform(
            alert_id, action, actor, deps.clock(), body.comment, body.reason, until, body.to, **beside
        )
    except NoSuchAlert:
        raise not_found("alert", alert_id) from None
    except InvalidTransition as refused:
        raise Problem(409, refused.message) from None
    except InvalidField as missing:
        raise invalid(FieldError(missing.field, messages_zh.MISSING_FIELDS[missing.field])) from None


async def _record(deps: Deps, user: Principal, alert_id: str, action: str, actor: Actor, body: ActionBody) -> None:
    """The audit entry names the principal as actor, and in `as` the person on whose behalf it acted."""
    values = {"alert": alert_id, "as": actor.id, "to": body.to, "into": body.into, "disposition": body.disposition}
    detail = {name: value for name, value in values.items() if value is not None}
    by, now = user.person or user.token, deps.clock()
    await deps.database.write(lambda tx: audit.record(tx, now, by, f"alert {action}", detail))
