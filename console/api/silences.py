"""`/silences`: planned silences 静默. What an active one covers tells nobody, is kept, and is told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.silence import FAULT_FIELDS, Matchers, RuleSummary, Silence, silence_faults
from console import messages_zh
from console.api.devices import seen_device, seen_places
from console.dependencies import Services
from console.http import examples
from console.http.authorization import Member, allowed
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such
from console.http.requests import Asked, Pages, asked_instant, listed, shown, written_one
from console.schemas import service as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.timestamps import typed
from domain import Instant, Ledger, Person, Severity
from store.database.alerts import silences
from store.database.system import audit

router = described_router(tags=["silences"])

Planner = Annotated[Principal, Depends(allowed("silence"))]


class WrittenMatchers(BaseModel):
    """Whatever is named must be equal; `place` means it or what lies under it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    hazard: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    kind: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    device: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    place: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    ledger: Ledger | None = None
    severity: Severity | None = None

    def value(self) -> Matchers:
        return Matchers(**dict(self))


class WrittenSilence(BaseModel):
    """`from` is now where it is left out. `person` says for whom an operator plans it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    matchers: WrittenMatchers
    since: Annotated[str | None, Field(alias="from")] = None
    until: str
    reason: Annotated[str, Field(max_length=2000)]
    person: str | None = None


_SILENCE: Final = TypeAdapter(WrittenSilence)


@router.get("/silences", summary="Planned silences, newest first, and how many findings each covered")
async def list_silences(services: Asked, who: Member, pages: Pages) -> Answer[Page[schema.Silence]]:
    page = await services.ledger.read(lambda tx: silences.page(tx, pages.limit, pages.after))
    counts = await services.ledger.read(lambda tx: silences.counts(tx, [one.id for one in page.items]))
    seen = [one for one in page.items if await _in_reach(services, who, one.matchers)]
    return listed(services, [_view(services, one, counts.get(one.id, 0)) for one in seen], pages.seal(page.next))


@router.post(
    "/silences",
    status_code=201,
    summary="Plan a silence; a critical danger only of a device or place, and for four hours at most",
    openapi_extra=examples.body(examples.SILENCE, _SILENCE),
)
async def create_silence(request: Request, services: Asked, who: Planner) -> Answer[schema.Silence]:
    written, now = await written_one(request, _SILENCE), services.clock()
    person = _planner(services, who, written.person)
    since, until = asked_instant(services, "from", written.since), asked_instant(services, "until", written.until)
    if until is None:
        raise faulty(FieldFault("until", messages_zh.BAD_TIME))
    silence = Silence(
        0, written.matchers.value(), now if since is None else since, until, person.id, person.name, written.reason, now
    )
    await _check(services, who, silence, now)
    deed = {"by": person.id, "reason": silence.reason, "matchers": _named(silence.matchers)}

    def work(tx: Any) -> Silence:
        made = silences.create(tx, silence)
        audit.write(tx, now, who.person or who.token, "silence planned", {"silence": made.id, **deed})
        return made

    return shown(services, _view(services, await services.ledger.run(work), 0), 201)


@router.delete("/silences/{silence_id}", summary="End a silence now; 409 when it is over")
async def end_silence(services: Asked, who: Planner, silence_id: str) -> Answer[schema.Silence]:
    number, now, by = _number(silence_id), services.clock(), who.person or who.token
    found = await services.ledger.read(lambda tx: silences.one(tx, number))
    if found is None or not await _in_reach(services, who, found.matchers):
        raise no_such("silence", silence_id)

    def work(tx: Any) -> Silence:
        ended = silences.end(tx, number, by, now)
        if ended is None:
            raise Problem(409, messages_zh.SILENCE_OVER.format(id=number))
        audit.write(tx, now, by, "silence ended", {"silence": number})
        return ended

    ended = await services.ledger.run(work)
    counts = await services.ledger.read(lambda tx: silences.counts(tx, [number]))
    return shown(services, _view(services, ended, counts.get(number, 0)))


async def _check(services: Services, who: Principal, silence: Silence, now: Instant) -> None:
    """422 naming everything that may not be so; 404 or 403 for what this principal does not see."""
    places = services.registry.community().places
    rules = [RuleSummary(one.name, one.hazard, one.kinds, one.ledger, one.severity) for one in services.rules.lines()]
    wrong = list(silence_faults(silence.matchers, silence.since, silence.until, silence.reason, rules, places, now))
    told = [FieldFault(FAULT_FIELDS[one], messages_zh.WRONG_SILENCE[one]) for one in wrong]
    told += _unknown(services, silence.matchers, [rule.name for rule in rules])
    if told:
        raise faulty(*told)
    if silence.matchers.device is not None:
        await seen_device(services, who, silence.matchers.device)
    if not await _in_reach(services, who, silence.matchers):
        raise Problem(403, messages_zh.OTHER_PLACE)


def _unknown(services: Services, matchers: Matchers, rules: Sequence[str]) -> list[FieldFault]:
    """A silence of something that does not exist covers nothing, and whoever made it believes it does."""
    known = (
        ("rule", matchers.rule, rules, messages_zh.NO_SUCH["rule"]),
        ("kind", matchers.kind, services.registry.kinds, messages_zh.NO_SUCH["kind"]),
        ("place", matchers.place, services.registry.community().places, messages_zh.NO_SUCH["place"]),
    )
    return [
        FieldFault(f"matchers.{field}", told.format(id=name))
        for field, name, names, told in known
        if name is not None and name not in names
    ]


async def _in_reach(services: Services, who: Principal, matchers: Matchers) -> bool:
    """Whether all that these cover lies within the place this principal is limited to."""
    places = seen_places(services, who, None)
    if places is None or matchers.place in places:
        return True
    if matchers.device is None:
        return False
    try:
        await seen_device(services, who, matchers.device)
    except Problem:
        return False
    return True


def _planner(services: Services, who: Principal, named: str | None) -> Person:
    """The person who plans it: whoever logged in, or the person an operator names. Nobody is no answer."""
    name = named or who.person or ""
    person = services.registry.community().people.get(name)
    if person is None:
        raise faulty(
            FieldFault("person", messages_zh.UNKNOWN_PERSON.format(person=name) if name else messages_zh.NEED_PERSON)
        )
    return person


def _number(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= 18):
        raise no_such("silence", written)
    return int(written)


def _named(matchers: Matchers) -> str:
    return " ".join(f"{name}={value}" for name, value in msgspec.to_builtins(matchers).items())


def _view(services: Services, one: Silence, suppressed: int) -> schema.Silence:
    now = services.clock()
    state = "active" if one.is_active(now) else "pending" if now < one.since and one.ended_at is None else "expired"
    view = {
        "id": str(one.id),
        "matchers": msgspec.to_builtins(one.matchers),
        "address": services.registry.community().address(one.matchers.place) or None,
        "title": next((rule.title for rule in services.rules.lines() if rule.name == one.matchers.rule), None),
        "from": one.since,
        "until": one.until,
        "reason": one.reason,
        "by": {"id": one.by, "name": one.by_name},
        "created_at": one.created_at,
        "ended_at": one.ended_at,
        "ended_by": one.ended_by,
        "state": state,
        "suppressed": suppressed,
    }
    return typed(schema.Silence, view)
