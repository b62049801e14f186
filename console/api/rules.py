"""`/rules` and `/kinds`: what is judged, by which thresholds and on whose authority; what a device may say."""

from __future__ import annotations

from typing import Final

from console.api.readings import readable_device
from console.http.authorization import Member, Who, refuse_link
from console.http.openapi import Answer, described_router
from console.http.requests import Asked, Text, listed
from console.schemas import registry
from console.schemas import rules as schema
from console.schemas.parts import Page
from console.timestamps import typed

router = described_router(tags=["rules"])

ANY: Final = "any"
"""A rule about every kind of device."""


@router.get("/rules", summary="Rules with their source and state")
async def list_rules(
    services: Asked, who: Who, kind: Text = None, hazard: Text = None, device: Text = None
) -> Answer[Page[schema.Rule]]:
    """`device`: only those that may begin about it now. A worker's link sees those about its alert's device."""
    if not device:
        refuse_link(who)
    about = await readable_device(services, who, device) if device else None
    applying = services.rules.applying(about.id) if about is not None and services.rules.applying is not None else None
    rules = [
        typed(schema.Rule, rule)
        for rule in services.rules.lines()
        if (applying is None or rule.name in applying)
        and (not kind or kind in rule.kinds or ANY in rule.kinds)
        and (not hazard or hazard == rule.hazard)
    ]
    return listed(services, rules)


@router.get("/kinds", summary="Kinds of device, their quantities and units")
async def list_kinds(services: Asked, _who: Member) -> Answer[Page[registry.Kind]]:
    return listed(
        services, [typed(registry.Kind, kind.model_dump(mode="json")) for kind in services.registry.kinds.values()]
    )
