"""`/reports`: citizens' reports for the office: verified by community and street, answered, merged, erased, counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.alert import SETTLED_STATES, Actor, State
from alerts.cases.report_desk import NoSuchReport
from alerts.cases.report_steps import NewPhoto, ReportNotNow, ReportRefusal
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.reply_parsing.codes import normalize_phone
from console import report_messages_zh
from console.api.acting_person import acting_person
from console.api.alerts import require_visible_alert, resolve_actor
from console.api.devices import visible_places
from console.api.report_views import level_obstacle, level_of, report_detail
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import personal_reads, record_personal_reads
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import (
    Deps,
    item_response,
    parse_body,
    validate,
)
from console.http.requirements import NonLinkUser, Requirement
from console.http.uploads import is_multipart, read_form, upload_slot
from console.photos.storage import store_photos
from console.schemas import reports as schema
from console.security.auth import Principal
from store.database.reports import queries
from store.database.reports.queries import ReportRow
from store.database.system import audit

router = documented_router(tags=["reports"])
PHONE = [personal_reads("phone")]

ReportVerifier = Annotated[Principal, Depends(Requirement("verify", links=False))]
ReportOperator = Annotated[Principal, Depends(Requirement("open"))]


class VerifyBody(BaseModel):
    """`person` and `pin`: who verifies with a token that several share. Nobody verifies on behalf of another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: str | None = None
    pin: Annotated[str, Field(max_length=32)] | None = None
    comment: Annotated[str, Field(max_length=2000)] | None = None


class AnswerBody(BaseModel):
    """What the reporter reads on his page."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    text: Annotated[str, Field(min_length=2, max_length=1000)]
    person: str | None = None


class MergeBody(BaseModel):
    """`alert`: the alert that a report is about, or is not about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alert: Annotated[str, Field(pattern=r"^\d{1,18}$")]
    person: str | None = None
    reason: Annotated[str, Field(max_length=2000)] | None = None


class EraseBody(BaseModel):
    """The phone number that was left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone: Annotated[str, Field(min_length=3, max_length=30)]


_VERIFY_BODY, _ANSWER_BODY = TypeAdapter(VerifyBody), TypeAdapter(AnswerBody)
_MERGE_BODY, _ERASE_BODY = TypeAdapter(MergeBody), TypeAdapter(EraseBody)


@router.get("/reports/{report_id}", summary="One report with its photos and proposals to merge", dependencies=PHONE)
async def get_citizen_report(deps: Deps, user: NonLinkUser, report_id: str) -> JsonResponse[schema.ReportDetail]:
    row = await visible_report(deps, user, report_id)
    await note_phones_read(deps, user, [row])
    return item_response(deps, await report_detail(deps, row, user))


@router.post(
    "/reports/{report_id}/verify",
    dependencies=PHONE,
    summary="The next verification of a settled report: by the community, then by the street; 409 explains a refusal",
    openapi_extra=examples.request_body(examples.VERIFY, _VERIFY_BODY, optional=True),
)
async def verify_report(
    request: Request, deps: Deps, user: ReportVerifier, report_id: str
) -> JsonResponse[schema.ReportDetail]:
    body = await parse_body(request, _VERIFY_BODY, optional=True)
    row = await visible_report(deps, user, report_id)
    actor = await acting_person(request, deps, user, body.person, body.pin)
    await require_visible_alert(deps, user, str(row.work.id))
    if row.work.state not in SETTLED_STATES:
        raise Problem(409, report_messages_zh.REPORT_REFUSALS["not_settled"])
    level = level_of(row)
    obstacle = level_obstacle(deps, actor.id, level)
    if obstacle:
        raise Problem(403, obstacle)
    try:
        if row.work.state is State.RESOLVED:
            await deps.desk.perform(str(row.work.id), "verify", actor, deps.clock(), body.comment)
        else:
            await deps.reports.desk.verify(row.report.id, actor)
            if body.comment:
                await deps.desk.perform(str(row.report.alert), "comment", actor, deps.clock(), body.comment)
    except ReportNotNow as refused:
        raise _not_now(refused) from None
    except InvalidTransition as refused:
        raise Problem(409, refused.message) from None
    return await _changed(deps, user, row, actor, f"report verified by {level}")


@router.post(
    "/reports/{report_id}/answer",
    dependencies=PHONE,
    summary="Answer the reporter, with photos of the result; by SMS where he left a number",
    openapi_extra=examples.photo_form(examples.ANSWER, _ANSWER_BODY),
)
async def answer_report(
    request: Request, deps: Deps, user: ReportOperator, report_id: str
) -> JsonResponse[schema.ReportDetail]:
    row = await visible_report(deps, user, report_id)
    kept: tuple[NewPhoto, ...] = ()
    if is_multipart(request):
        async with upload_slot(request):
            form = await read_form(request)
            body = validate(dict(form.fields), _ANSWER_BODY)
            stored = await store_photos(deps.reports.photos, deps.reports.blobs, form.photos)
        if stored.refused:
            raise invalid(*photo_errors(stored.refused))
        kept = stored.kept
    else:
        body = await parse_body(request, _ANSWER_BODY)
    actor = resolve_actor(deps, user, body.person)
    try:
        await deps.reports.desk.answer(row.report.id, actor, body.text, kept)
    except ReportNotNow as refused:
        raise _not_now(refused) from None
    except InvalidTransition as refused:
        raise Problem(409, refused.message) from None
    return await _changed(deps, user, row, actor, "report answered")


def photo_errors(refused: Any) -> list[FieldError]:
    """Refused photos as errors of a request."""
    return [
        FieldError(f"photos[{one.number - 1}]", report_messages_zh.PHOTO_FAULTS[one.fault].format(number=one.number))
        for one in refused
    ]


@router.post(
    "/reports/{report_id}/merge",
    dependencies=PHONE,
    summary="A person decides that a report is about the same thing as an alert: its alert is merged into that one",
    openapi_extra=examples.request_body(examples.MERGE, _MERGE_BODY),
)
async def merge_report(
    request: Request, deps: Deps, user: ReportOperator, report_id: str
) -> JsonResponse[schema.ReportDetail]:
    body = await parse_body(request, _MERGE_BODY)
    row = await visible_report(deps, user, report_id)
    await require_visible_alert(deps, user, body.alert)
    actor, reason = resolve_actor(deps, user, body.person), body.reason or report_messages_zh.MERGE_REASON
    try:
        await deps.desk.perform(str(row.report.alert), "merge", actor, deps.clock(), reason=reason, into=body.alert)
    except InvalidTransition as refused:
        raise Problem(409, refused.message) from None
    except InvalidField as missing:
        raise invalid(FieldError(missing.field, report_messages_zh.CANNOT_MERGE)) from None
    return await _changed(deps, user, row, actor, "report merged", into=body.alert)


@router.post(
    "/reports/{report_id}/separate",
    dependencies=PHONE,
    summary="A person decides that a report is not about the same thing as an alert: it is not proposed again",
    openapi_extra=examples.request_body(examples.MERGE, _MERGE_BODY),
)
async def separate_report(
    request: Request, deps: Deps, user: ReportOperator, report_id: str
) -> JsonResponse[schema.ReportDetail]:
    body = await parse_body(request, _MERGE_BODY)
    row = await visible_report(deps, user, report_id)
    await require_visible_alert(deps, user, body.alert)
    actor = resolve_actor(deps, user, body.person)
    if int(body.alert) == row.report.alert:
        raise invalid(FieldError("alert", report_messages_zh.CANNOT_MERGE))
    await deps.reports.desk.keep_apart(row.report.alert, int(body.alert), actor)
    return await _changed(deps, user, row, actor, "report kept apart", other=body.alert)


@router.post(
    "/reports/erase",
    summary="Erase what was sent with a phone number: number, words, photos, position",
    openapi_extra=examples.request_body(examples.ERASE, _ERASE_BODY),
)
async def erase_reports(
    request: Request, deps: Deps, user: Annotated[Principal, Depends(Requirement("registry"))]
) -> JsonResponse[schema.ErasedReports]:
    phone = normalize_phone((await parse_body(request, _ERASE_BODY)).phone)
    count = await deps.reports.desk.erase(phone)
    now, by = deps.clock(), user.person or user.token
    # The number itself is what has to go: the audit trail keeps how many reports it concerned.
    await deps.database.write(lambda tx: audit.record(tx, now, by, "reports erased", {"reports": count}))
    return item_response(deps, schema.ErasedReports(reports=count))


async def visible_report(deps: Deps, user: Principal, report_id: str) -> ReportRow:
    """A report with its alerts; 404 unless this user may see its place."""
    number = int(report_id) if report_id.isascii() and report_id.isdecimal() and len(report_id) <= 18 else None
    row = None if number is None else await deps.database.read(lambda tx: queries.get_report(tx, number))
    places = visible_places(deps, user, None)
    if row is None or (places is not None and row.report.place not in places):
        raise not_found("report", report_id)
    return row


async def _changed(
    deps: Deps, user: Principal, row: ReportRow, actor: Actor, action: str, **detail: str
) -> JsonResponse[schema.ReportDetail]:
    """The report after a change, which is written to the audit trail."""
    now, by = deps.clock(), user.person or user.token
    entry: dict[str, Any] = {"report": row.report.id, "as": actor.id, **detail}
    await deps.database.write(lambda tx: audit.record(tx, now, by, action, entry))
    changed = await deps.database.read(lambda tx: queries.get_report(tx, row.report.id))
    if changed is None:
        raise NoSuchReport(row.report.id)
    await note_phones_read(deps, user, [changed])
    return item_response(deps, await report_detail(deps, changed, user))


async def note_phones_read(deps: Deps, user: Principal, rows: Sequence[ReportRow]) -> None:
    """The reports whose phone numbers are shown unmasked."""
    if user.sees_names:
        read = [f"report:{row.report.id}" for row in rows if row.report.phone is not None]
        await record_personal_reads(deps, user, read, "phone")


def _not_now(refused: ReportNotNow) -> Problem:
    refusal: ReportRefusal = refused.refusal
    return Problem(409, report_messages_zh.REPORT_REFUSALS[refusal])
