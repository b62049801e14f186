"""`/silences`: planned silences 静默. Findings that an active one covers send no messages until it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.silence import FAULT_FIELDS, Matchers, RuleSummary, Silence, silence_faults
from console import messages_zh
from console.api.devices import visible_device, visible_places
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, PageParams, item_response, list_response, parse_body, parse_time_field
from console.http.requirements import NonLinkUser, Requirement
from console.schemas import service as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import to_schema
from domain import Instant, Ledger, Person, Severity
from store.database.alerts import silences
from store.database.system import audit

router = documented_router(tags=["silences"])

SilencePlanner = Annotated[Principal, Depends(Requirement("silence"))]


class MatchersBody(BaseModel):
    """Every named field must be equal; `place` covers the places under it too. `except_critical`: what is critical is
    told as ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    hazard: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    kind: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    device: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    place: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    ledger: Ledger | None = None
    severity: Severity | None = None
    except_critical: bool = False

    def value(self) -> Matchers:
        return Matchers(**dict(self))


class SilenceBody(BaseModel):
    """`from` defaults to now. `person`: the person an operator acts for. `notify_only`: what it covers is recorded and
    told for information; nobody is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    matchers: MatchersBody
    since: Annotated[str | None, Field(alias="from")] = None
    until: str
    reason: Annotated[str, Field(max_length=2000)]
    person: str | None = None
    notify_only: bool = False


_SILENCE_BODY: Final = TypeAdapter(SilenceBody)


@router.get("/silences", summary="Planned silences, newest first, and how many findings each covered")
async def list_silences(deps: Deps, user: NonLinkUser, pages: PageParams) -> JsonResponse[Page[schema.Silence]]:
    page = await deps.database.read(lambda tx: silences.list_silences(tx, pages.limit, pages.after))
    counts = await deps.database.read(lambda tx: silences.count_held(tx, [silence.id for silence in page.items]))
    visible = [silence for silence in page.items if await _is_visible(deps, user, silence.matchers)]
    return list_response(
        deps,
        [silence_view(deps, silence, counts.get(silence.id, 0)) for silence in visible],
        pages.sign_cursor(page.next),
    )


@router.post(
    "/silences",
    status_code=201,
    summary="Plan a silence; critical dangers only for a device or place, and for four hours at most",
    openapi_extra=examples.request_body(examples.SILENCE, _SILENCE_BODY),
)
async def create_silence(request: Request, deps: Deps, user: SilencePlanner) -> JsonResponse[schema.Silence]:
    body, now = await parse_body(request, _SILENCE_BODY), deps.clock()
    person = _planning_person(deps, user, body.person)
    since, until = parse_time_field(deps, "from", body.since), parse_time_field(deps, "until", body.until)
    if until is None:
        raise invalid(FieldError("until", messages_zh.BAD_TIME))
    silence = Silence(
        0, body.matchers.value(), now if since is None else since, until, person.id, person.name, body.reason, now
    )
    silence = msgspec.structs.replace(silence, notify_only=body.notify_only)
    await _check(deps, user, silence, now)
    detail = {"by": person.id, "reason": silence.reason, "matchers": _matchers_text(silence.matchers)}

    def work(tx: Any) -> Silence:
        created = silences.create_silence(tx, silence)
        audit.record(tx, now, user.person or user.token, "silence planned", {"silence": created.id, **detail})
        return created

    return item_response(deps, silence_view(deps, await deps.database.write(work), 0), 201)


@router.delete("/silences/{silence_id}", summary="End a silence now; 409 when it is over")
async def end_silence(deps: Deps, user: SilencePlanner, silence_id: str) -> JsonResponse[schema.Silence]:
    number, now, by = _parse_number(silence_id), deps.clock(), user.person or user.token
    silence = await deps.database.read(lambda tx: silences.get_silence(tx, number))
    if silence is None or not await _is_visible(deps, user, silence.matchers):
        raise not_found("silence", silence_id)

    def work(tx: Any) -> Silence:
        ended = silences.end_silence(tx, number, by, now)
        if ended is None:
            raise Problem(409, messages_zh.SILENCE_OVER.format(id=number))
        audit.record(tx, now, by, "silence ended", {"silence": number})
        return ended

    ended = await deps.database.write(work)
    counts = await deps.database.read(lambda tx: silences.count_held(tx, [number]))
    return item_response(deps, silence_view(deps, ended, counts.get(number, 0)))


async def _check(deps: Deps, user: Principal, silence: Silence, now: Instant) -> None:
    """422 with every error; 404 or 403 for devices and places that this principal may not see."""
    places = deps.registry.community().places
    rules = [
        RuleSummary(rule.name, rule.hazard, rule.kinds, rule.ledger, rule.severity) for rule in deps.rules.summaries()
    ]
    faults = list(silence_faults(silence.matchers, silence.since, silence.until, silence.reason, rules, places, now))
    errors = [FieldError(FAULT_FIELDS[fault], messages_zh.INVALID_SILENCE[fault]) for fault in faults]
    errors += _unknown_references(deps, silence.matchers, [rule.name for rule in rules])
    if errors:
        raise invalid(*errors)
    if silence.matchers.device is not None:
        await visible_device(deps, user, silence.matchers.device)
    if not await _is_visible(deps, user, silence.matchers):
        raise Problem(403, messages_zh.OTHER_PLACE)


def _unknown_references(deps: Deps, matchers: Matchers, rules: Sequence[str]) -> list[FieldError]:
    """Errors for unknown references: a silence of something that does not exist would cover nothing, unnoticed."""
    references = (
        ("rule", matchers.rule, rules, messages_zh.NOT_FOUND["rule"]),
        ("kind", matchers.kind, deps.registry.kinds, messages_zh.NOT_FOUND["kind"]),
        ("place", matchers.place, deps.registry.community().places, messages_zh.NOT_FOUND["place"]),
    )
    return [
        FieldError(f"matchers.{field}", message.format(id=name))
        for field, name, names, message in references
        if name is not None and name not in names
    ]


async def _is_visible(deps: Deps, user: Principal, matchers: Matchers) -> bool:
    """Whether everything these cover lies within the principal's place."""
    places = visible_places(deps, user, None)
    if places is None or matchers.place in places:
        return True
    if matchers.device is None:
        return False
    try:
        await visible_device(deps, user, matchers.device)
    except Problem:
        return False
    return True


def _planning_person(deps: Deps, user: Principal, person_id: str | None) -> Person:
    """The planning person: the logged-in user, or the person an operator acts for; 422 without one."""
    name = person_id or user.person or ""
    person = deps.registry.community().people.get(name)
    if person is None:
        raise invalid(
            FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=name) if name else messages_zh.NEED_PERSON)
        )
    return person


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise not_found("silence", text)
    return int(text)


def _matchers_text(matchers: Matchers) -> str:
    return " ".join(f"{name}={value}" for name, value in msgspec.to_builtins(matchers).items())


def silence_view(deps: Deps, silence: Silence, suppressed: int) -> schema.Silence:
    """A silence with its state now; `suppressed` findings were covered by it."""
    now = deps.clock()
    view = {
        "id": str(silence.id),
        "matchers": msgspec.to_builtins(silence.matchers),
        "address": deps.registry.community().address(silence.matchers.place) or None,
        "title": next((rule.title for rule in deps.rules.summaries() if rule.name == silence.matchers.rule), None),
        "from": silence.since,
        "until": silence.until,
        "reason": silence.reason,
        "by": {"id": silence.by, "name": silence.by_name},
        "created_at": silence.created_at,
        "ended_at": silence.ended_at,
        "ended_by": silence.ended_by,
        "state": _state(silence, now),
        "suppressed": suppressed,
        "notify_only": silence.notify_only,
    }
    return to_schema(schema.Silence, view)


def _state(silence: Silence, now: Instant) -> str:
    if silence.is_active(now):
        return "active"
    return "pending" if now < silence.since and silence.ended_at is None else "expired"
