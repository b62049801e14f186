"""`/report/status/{token}`, public: what the reporter sees by his own link, rates, and adds photos to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from alerts.alert import SETTLED_STATES
from alerts.cases.report import Photo, Stage, stage_of
from alerts.cases.report_steps import ReportNotNow
from console import messages_zh, report_messages_zh
from console.api.report_access import ReportDeps, links_of, reject_cross_site
from console.api.report_intake import refused_views
from console.http import examples
from console.http.openapi import JpegResponse, JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import SECRET_IN_ADDRESS
from console.http.uploads import PHOTO_BYTES_MAX, PHOTOS_MAX, read_form, upload_slot
from console.photos.storage import store_photos
from console.schemas import reports as schema
from console.timestamps import Timestamp
from store.database.reports import photos, queries
from store.database.reports.queries import ReportRow

router = documented_router(tags=["reports"], dependencies=[SECRET_IN_ADDRESS])

PHOTO_HEADERS: Final = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Disposition": "inline; filename=photo.jpg",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
"""A photo is shown and nothing else, whatever a browser takes it for."""


class RatingBody(BaseModel):
    """The reporter's rating of the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    satisfied: bool
    text: Annotated[str, Field(max_length=300)] = ""


_RATING_BODY = TypeAdapter(RatingBody)


@router.get("/report/status/{token}", summary="A report as its reporter sees it")
async def report_status(
    _reports: ReportDeps, deps: Deps, request: Request, token: str
) -> JsonResponse[schema.ReportStatus]:
    row = await _row_of_token(deps, request, token)
    return item_response(deps, await _status_view(deps, row, token))


@router.post(
    "/report/status/{token}/rating",
    summary="Rate the answer; dissatisfied, once, it opens the report again",
    openapi_extra=examples.request_body(examples.RATING, _RATING_BODY),
)
async def rate_report(
    reports: ReportDeps, deps: Deps, request: Request, token: str
) -> JsonResponse[schema.ReportStatus]:
    reject_cross_site(request)
    row = await _row_of_token(deps, request, token)
    body = await parse_body(request, _RATING_BODY)
    try:
        await reports.desk.rate(row.report.id, body.satisfied, body.text)
    except ReportNotNow as refused:
        raise Problem(409, report_messages_zh.REPORT_REFUSALS[refused.refusal]) from None
    return item_response(deps, await _status_view(deps, await _row_of_token(deps, request, token), token))


@router.post(
    "/report/status/{token}/photos",
    status_code=201,
    summary="Further photos of the reporter, four in all, until the report is settled",
    openapi_extra=examples.photo_form(),
)
async def add_report_photos(
    reports: ReportDeps, deps: Deps, request: Request, token: str
) -> JsonResponse[schema.StoredPhotosView]:
    reject_cross_site(request)
    row = await _row_of_token(deps, request, token)
    if row.work.state in SETTLED_STATES or row.report.erased_at is not None:
        raise Problem(409, report_messages_zh.REPORT_SETTLED)
    present = len(await deps.database.read(lambda tx: photos.photos_for_reporter(tx, row.report.id)))
    async with upload_slot(request):
        form = await read_form(request)
        if not form.photos or present + len(form.photos) > PHOTOS_MAX:
            detail = report_messages_zh.TOO_MANY_PHOTOS if form.photos else messages_zh.FIELD_ERRORS["missing"]
            raise invalid(FieldError("photos", detail.format(limit=PHOTOS_MAX)))
        stored = await store_photos(reports.photos, reports.blobs, form.photos)
    if stored.kept:
        desk = reports.desk
        await desk.add_photos(row.report.alert, stored.kept, desk.steps.citizen, report=row.report.id)
    return item_response(deps, schema.StoredPhotosView(kept=len(stored.kept), refused=refused_views(stored)), 201)


@router.get(
    "/report/status/{token}/photos/{photo_id}", summary="A photo that the reporter may see", response_class=JpegResponse
)
async def report_photo(_reports: ReportDeps, deps: Deps, request: Request, token: str, photo_id: str) -> Response:
    row = await _row_of_token(deps, request, token)
    visible = await deps.database.read(lambda tx: photos.photos_for_reporter(tx, row.report.id))
    photo = next((one for one in visible if str(one.id) == photo_id), None)
    return await photo_response(deps, photo)


async def photo_response(deps: Deps, photo: Photo | None) -> Response:
    """The file of a photo; 404 when there is none, or it is expired."""
    content = None if photo is None else await asyncio.to_thread(deps.reports.blobs.read, photo.digest)
    if content is None:
        raise not_found("photo")
    return JpegResponse(content, headers=PHOTO_HEADERS)


async def _row_of_token(deps: Deps, request: Request, token: str) -> ReportRow:
    report = links_of(request).report_of(token, deps.clock())
    row = None if report is None else await deps.database.read(lambda tx: queries.get_report(tx, report))
    if row is None:
        raise Problem(404, report_messages_zh.NO_SUCH_REPORT_LINK)
    return row


async def _status_view(deps: Deps, row: ReportRow, token: str) -> schema.ReportStatus:
    report, categories = row.report, deps.reports.desk.categories
    shown = await deps.database.read(lambda tx: photos.photos_for_reporter(tx, report.id))
    category, stage = categories.get(report.category), stage_of(report, row.work)
    reached = list(Stage)[: list(Stage).index(stage) + 1]
    is_open = report.answered_at is None
    return schema.ReportStatus(
        number=report.number,
        label=row.alert.title if category is None else category.label,
        place=row.alert.address,
        text=report.text,
        created_at=Timestamp(report.created_at),
        stage=stage,
        sentence=report_messages_zh.REPORT_STAGES[stage],
        steps=[
            schema.ReportStep(name=one, text=report_messages_zh.REPORT_STEPS[one], done=one in reached) for one in Stage
        ],
        answer="" if is_open else report.answer,
        answered_at=None if report.answered_at is None else Timestamp(report.answered_at),
        photos=[
            schema.PublicPhoto(
                path=f"/api/v1/report/status/{token}/photos/{one.id}",
                purpose=one.purpose,
                width=one.width,
                height=one.height,
            )
            for one in shown
        ],
        satisfied=report.satisfied,
        can_rate=not is_open and not _is_rated(row),
        can_reopen=not is_open and report.reopened_at is None,
        life_safety=category is not None and category.life_safety,
        emergency="" if category is None else category.emergency,
        photos_max=PHOTOS_MAX,
        photo_bytes_max=PHOTO_BYTES_MAX,
    )


def _is_rated(row: ReportRow) -> bool:
    answered, rated = row.report.answered_at, row.report.feedback_at
    return answered is not None and rated is not None and rated >= answered
