"""`/rules`, `/roles` and `/kinds`: the rules in force with their thresholds and sources, and how often they reported;
roles of recipients; kinds of device and their quantities."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Query

from console.api.readings import readable_device
from console.http.authorization import reject_worker_link
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, OptionalText, list_response
from console.http.requirements import CurrentUser, NonLinkUser, Requirement
from console.schemas import registry, rulebooks
from console.schemas import rules as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import Timestamp, to_schema
from domain import DAY
from store.database.alerts.findings import RuleFindings, findings_by_rule

router = documented_router(tags=["rules"])

ANY_KIND: Final = "any"
"""The kind of rules that apply to every device."""


@router.get("/rules", summary="Rules with their source and state")
async def list_rules(
    deps: Deps, user: CurrentUser, kind: OptionalText = None, hazard: OptionalText = None, device: OptionalText = None
) -> JsonResponse[Page[schema.Rule]]:
    """`device`: only rules that may raise a finding about it now. A worker's link sees those of its alert's device."""
    if not device:
        reject_worker_link(user)
    target = await readable_device(deps, user, device) if device else None
    startable = deps.rules.startable(target.id) if target is not None and deps.rules.startable is not None else None
    rules = [
        to_schema(schema.Rule, rule)
        for rule in deps.rules.summaries()
        if (startable is None or rule.name in startable)
        and (not kind or kind in rule.kinds or ANY_KIND in rule.kinds)
        and (not hazard or hazard == rule.hazard)
    ]
    return list_response(deps, rules)


@router.get("/rules/activity", summary="How often each rule reported a finding in the last days")
async def list_activity(
    deps: Deps,
    _user: Annotated[Principal, Depends(Requirement("rules"))],
    days: Annotated[int, Query(ge=1, le=400)] = 30,
) -> JsonResponse[Page[rulebooks.RuleActivity]]:
    since = deps.clock() - days * DAY
    found = {item.rule: item for item in await deps.database.read(lambda tx: findings_by_rule(tx, since))}
    latched = [finding.rule for finding in await deps.rules.latched_findings()]
    shadow = deps.rules.shadow_counts()
    views = []
    for name in (rule.name for rule in deps.rules.summaries()):
        item = found.get(name, RuleFindings(name, 0, 0, 0))
        views.append(
            rulebooks.RuleActivity(
                rule=name,
                found=item.found,
                last_at=Timestamp(item.last_at) if item.found else None,
                active=item.active,
                latched=latched.count(name),
                shadow=dict(shadow.get(name, {})),
            )
        )
    return list_response(deps, views)


@router.get("/roles", summary="Roles of recipients, with their names")
async def list_roles(deps: Deps, _user: CurrentUser) -> JsonResponse[Page[registry.Role]]:
    return list_response(
        deps,
        [
            registry.Role(id=name, name=registry.Words(zh=role.zh, en=role.en), kind=role.kind)
            for name, role in deps.registry.roles.items()
        ],
    )


@router.get("/kinds", summary="Kinds of device, their quantities and units")
async def list_kinds(deps: Deps, _user: NonLinkUser) -> JsonResponse[Page[registry.Kind]]:
    return list_response(
        deps, [to_schema(registry.Kind, kind.model_dump(mode="json")) for kind in deps.registry.kinds.values()]
    )
