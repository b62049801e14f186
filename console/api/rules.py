"""`/rules`, `/roles` and `/kinds`: the rules in force with their thresholds and sources; roles of recipients; kinds of
device and their quantities."""

from __future__ import annotations

from typing import Final

from console.api.readings import readable_device
from console.http.authorization import CurrentUser, NonLinkUser, reject_worker_link
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, OptionalText, list_response
from console.schemas import registry
from console.schemas import rules as schema
from console.schemas.references import Page
from console.timestamps import to_schema

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
