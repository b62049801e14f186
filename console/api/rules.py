"""`/rules` and `/kinds`: what is judged, by which thresholds and on whose authority; what a device may say."""

from __future__ import annotations

from typing import Final

from console.api.readings import readable_device
from console.http.authorization import CurrentUser, NonLinkUser, reject_worker_link
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, OptionalText, list_response
from console.schemas import registry
from console.schemas import rules as schema
from console.schemas.parts import Page
from console.timestamps import to_schema

router = documented_router(tags=["rules"])

ANY_KIND: Final = "any"
"""A rule about every kind of device."""


@router.get("/rules", summary="Rules with their source and state")
async def list_rules(
    deps: Deps, user: CurrentUser, kind: OptionalText = None, hazard: OptionalText = None, device: OptionalText = None
) -> JsonResponse[Page[schema.Rule]]:
    """`device`: only those that may begin about it now. A worker's link sees those about its alert's device."""
    if not device:
        reject_worker_link(user)
    about = await readable_device(deps, user, device) if device else None
    applying = deps.rules.startable(about.id) if about is not None and deps.rules.startable is not None else None
    rules = [
        to_schema(schema.Rule, rule)
        for rule in deps.rules.summaries()
        if (applying is None or rule.name in applying)
        and (not kind or kind in rule.kinds or ANY_KIND in rule.kinds)
        and (not hazard or hazard == rule.hazard)
    ]
    return list_response(deps, rules)


@router.get("/kinds", summary="Kinds of device, their quantities and units")
async def list_kinds(deps: Deps, _user: NonLinkUser) -> JsonResponse[Page[registry.Kind]]:
    return list_response(
        deps, [to_schema(registry.Kind, kind.model_dump(mode="json")) for kind in deps.registry.kinds.values()]
    )
