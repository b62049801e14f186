"""`/rules/latched`, `/rules/{name}/reset`: findings that stay active until a named person resets them (ISA-18.2)."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh, rule_messages_zh
from console.api.alerts import require_visible_alert, resolve_actor
from console.api.devices import visible_device, visible_places
from console.dependencies import LatchedFinding, NotLatched
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, OptionalText, item_response, list_response, parse_body
from console.http.requirements import NonLinkUser, Requirement
from console.schemas import rules as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import to_schema
from domain import Attribute
from store.database.alerts import queries
from store.database.system import audit
from store.errors import CannotWrite

log = logging.getLogger(__name__)
router = documented_router(tags=["rules"])

LatchUser = Annotated[Principal, Depends(Requirement("reset"))]
GROUP_SEPARATOR = "/"
"""Separates type and id of a group: `building/b3`."""


class ResetBody(BaseModel):
    """The device or group (`subject`, such as `building/b3`), and the reason. `person`: who an operator acts for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    subject: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
    person: str | None = None

    @property
    def target(self) -> str:
        """The device or group; `building:b3`, the form in findings, is accepted too."""
        return self.device or (self.subject or "").replace(":", GROUP_SEPARATOR, 1)


_RESET_BODY = TypeAdapter(ResetBody)


@router.get(
    "/rules/latched",
    summary="Latched findings, which stay active until a person resets them; alert= for those of one alert",
)
async def list_latched(
    deps: Deps, user: NonLinkUser, alert: OptionalText = None
) -> JsonResponse[Page[schema.LatchedFinding]]:
    latched = list(await deps.rules.latched_findings())
    if alert:
        await require_visible_alert(deps, user, alert)
        finding_ids = await deps.database.read(
            lambda tx: {row["finding"] for row in queries.findings_of_alert(tx, alert)}
        )
        latched = [entry for entry in latched if entry.finding in finding_ids]
    titles = {rule.name: (rule.title, rule.title_en) for rule in deps.rules.summaries()}
    return list_response(
        deps, [_latched_view(entry, titles) for entry in latched if await _is_visible(deps, user, entry.device)]
    )


@router.post(
    "/rules/{name}/reset",
    summary="Reset a latched rule of a device or group; 409 when it is not latched",
    description="`ended: false`: the condition is still true; the finding ends when it becomes false. Where the rules"
    " are evaluated elsewhere (`--findings`) always false: the end is reported by that host.",
    openapi_extra=examples.request_body(examples.RESET, _RESET_BODY),
)
async def reset(request: Request, deps: Deps, user: LatchUser, name: str) -> JsonResponse[schema.ResetResult]:
    if deps.rules.reset is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    if name not in {rule.name for rule in deps.rules.summaries()}:
        raise not_found("rule", name)
    body = await parse_body(request, _RESET_BODY)
    if (body.device is None) is (body.subject is None):
        raise invalid(FieldError("device", messages_zh.DEVICE_OR_SUBJECT))
    target = body.target
    if not await _is_visible(deps, user, target):
        raise not_found("device", target)
    actor, now = resolve_actor(deps, user, body.person), deps.clock()
    try:
        result = await deps.rules.reset(name, target, actor.id, body.reason)
    except NotLatched:
        raise Problem(409, messages_zh.NOT_LATCHED.format(rule=name, device=target)) from None
    except CannotWrite as error:
        log.error("a reset was not written: %s", error)
        raise Problem(503, rule_messages_zh.RESET_UNSENT, headers={"Retry-After": "5"}) from error
    detail: dict[str, Attribute] = {
        "rule": name,
        "device": target,
        "reason": body.reason,
        "ended": result.ended,
        "as": actor.id,
    }
    await deps.database.write(lambda tx: audit.record(tx, now, user.person or user.token, "rule reset", detail))
    return item_response(deps, to_schema(schema.ResetResult, result))


def _latched_view(entry: LatchedFinding, titles: dict[str, tuple[str, str]]) -> schema.LatchedFinding:
    zh, en = titles.get(entry.rule, (entry.rule, entry.rule))
    return schema.LatchedFinding(finding=entry.finding, rule=entry.rule, title=zh, title_en=en, device=entry.device)


async def _is_visible(deps: Deps, user: Principal, target: str) -> bool:
    """Whether a device or group lies within the principal's place."""
    if user.place is None:
        return True
    _, is_group, place = target.partition(GROUP_SEPARATOR)
    if is_group:
        return place in (visible_places(deps, user, None) or ())
    try:
        await visible_device(deps, user, target)
    except Problem:
        return False
    return True
