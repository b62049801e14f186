"""`/rules/latched`, `/rules/{name}/reset`: findings that stand until a named person resets them (ISA-18.2)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.api.alerts import actor_of, seen_alert
from console.api.devices import seen_device, seen_places
from console.dependencies import Latched, NotLatched, Services
from console.http import examples
from console.http.authorization import Member, allowed
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such
from console.http.requests import Asked, Text, listed, shown, written_one
from console.schemas import rules as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.timestamps import typed
from domain import Attribute
from store.database.alerts import queries
from store.database.system import audit

router = described_router(tags=["rules"])

Resetter = Annotated[Principal, Depends(allowed("reset"))]
GROUP = "/"
"""Stands in the name of a group: `building/b3`."""


class WrittenReset(BaseModel):
    """Of which device, or of which `subject` (`building/b3`), and why. `person`: for whom an operator acts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    subject: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
    person: str | None = None

    @property
    def about(self) -> str:
        """The device or group; `building:b3`, as findings write it, is the same."""
        return self.device or (self.subject or "").replace(":", GROUP, 1)


_RESET = TypeAdapter(WrittenReset)


@router.get("/rules/latched", summary="Findings that stand until a person resets them; alert= for those of one alert")
async def list_latched(services: Asked, who: Member, alert: Text = None) -> Answer[Page[schema.Latched]]:
    held = list(services.rules.latched())
    if alert:
        await seen_alert(services, who, alert)
        own = await services.ledger.read(lambda tx: {row["finding"] for row in queries.findings_of(tx, alert)})
        held = [one for one in held if one.finding in own]
    titles = {rule.name: (rule.title, rule.title_en) for rule in services.rules.lines()}
    return listed(services, [_view(one, titles) for one in held if await _may_see(services, who, one.device)])


@router.post(
    "/rules/{name}/reset",
    summary="Reset a latched rule of a device or group; 409 when nothing of it is latched",
    description="`ended: false`: it is still dangerous; the finding stands, and ends with the next all-clear.",
    openapi_extra=examples.body(examples.RESET, _RESET),
)
async def reset(request: Request, services: Asked, who: Resetter, name: str) -> Answer[schema.Reset]:
    if services.rules.reset is None:
        raise Problem(404, messages_zh.NOT_OFFERED)
    if name not in {rule.name for rule in services.rules.lines()}:
        raise no_such("rule", name)
    written = await written_one(request, _RESET)
    if (written.device is None) is (written.subject is None):
        raise faulty(FieldFault("device", messages_zh.DEVICE_OR_SUBJECT))
    about = written.about
    if not await _may_see(services, who, about):
        raise no_such("device", about)
    actor, now = actor_of(services, who, written.person), services.clock()
    try:
        done = await services.rules.reset(name, about, actor.id, written.reason)
    except NotLatched:
        raise Problem(409, messages_zh.NOT_LATCHED.format(rule=name, device=about)) from None
    deed: dict[str, Attribute] = {
        "rule": name,
        "device": about,
        "reason": written.reason,
        "ended": done.ended,
        "as": actor.id,
    }
    await services.ledger.run(lambda tx: audit.write(tx, now, who.person or who.token, "rule reset", deed))
    return shown(services, typed(schema.Reset, done))


def _view(one: Latched, titles: dict[str, tuple[str, str]]) -> schema.Latched:
    zh, en = titles.get(one.rule, (one.rule, one.rule))
    return schema.Latched(finding=one.finding, rule=one.rule, title=zh, title_en=en, device=one.device)


async def _may_see(services: Services, who: Principal, about: str) -> bool:
    """What lies outside a token's place does not exist for it."""
    if who.place is None:
        return True
    _, is_group, place = about.partition(GROUP)
    if is_group:
        return place in (seen_places(services, who, None) or ())
    try:
        await seen_device(services, who, about)
    except Problem:
        return False
    return True
