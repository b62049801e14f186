"""`/report`, public: the form, places to pick, the position in a photo, and the report itself (随手报).

Nothing here needs a login, so everything has a limit: per address, place and phone in the database, uploads at a time
in memory, bytes while they are read.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from alerts.cases.categories import ReportCategory
from alerts.cases.report import PlaceSource
from alerts.cases.report_steps import ReportLimited, ReportRequest
from alerts.reply_parsing.codes import normalize_phone
from console import messages_zh, report_messages_zh
from console.api.report_access import ReportDeps, links_of, place_index, reject_cross_site
from console.http import examples
from console.http.authorization import client_address
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, OptionalText, item_response, parse_body, validate
from console.http.requirements import PUBLIC
from console.http.uploads import PHOTO_BYTES_MAX, PHOTOS_MAX, UploadedForm, is_multipart, read_form, upload_slot
from console.photos.storage import StoredPhotos, store_photos
from console.schemas import reports as schema
from console.views.report_places import ReportPlaceIndex, as_gcj02
from domain import Place
from domain.geo import GCJ_02
from domain.recipients import is_phone
from store.database.reports import place_codes

router = documented_router(tags=["reports"], dependencies=[PUBLIC])

TEXT_MAX: Final = 1000
PHONE_DIGITS_MIN: Final = 7


def _check_phone(text: str) -> str:
    digits = normalize_phone(text)
    if not is_phone(digits) or len(digits) < PHONE_DIGITS_MIN:
        raise ValueError(messages_zh.BAD_PHONE)
    return digits


class ReportBody(BaseModel):
    """A report. Its place: `qr` (the token of a QR code), `place` (picked), or `lat` and `lon` (a position that the
    reporter has confirmed), and `address` in words. `phone` needs `consent`. A second request with the same `key` makes
    no second report. `website` is for programs that fill in every field: people do not see it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    category: str
    text: Annotated[str, Field(max_length=TEXT_MAX)] = ""
    qr: Annotated[str, Field(max_length=300)] | None = None
    place: Annotated[str, Field(max_length=128)] | None = None
    address: Annotated[str, Field(max_length=60)] = ""
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    datum: Literal["WGS-84", "GCJ-02", "BD-09"] = "GCJ-02"
    phone: Annotated[str, Field(max_length=30), AfterValidator(_check_phone)] | None = None
    consent: bool = False
    key: Annotated[str, Field(min_length=16, max_length=64, pattern=r"^[0-9A-Za-z-]+$")] | None = None
    website: str = ""


_REPORT_BODY = TypeAdapter(ReportBody)


@router.get("/report", summary="What the public page of reports shows: categories, limits, the place of a QR code")
async def report_form(
    reports: ReportDeps, deps: Deps, request: Request, qr: OptionalText = None
) -> JsonResponse[schema.ReportForm]:
    place, code = await _place_of_code(deps, request, qr)
    index = await place_index(deps)
    categories = reports.desk.categories
    form = schema.ReportForm(
        site=deps.site.name,
        categories=[_category_view(one) for one in categories.categories],
        consent=categories.consent,
        photos_max=PHOTOS_MAX,
        photo_bytes_max=PHOTO_BYTES_MAX,
        text_max=TEXT_MAX,
        place=None if place is None else place_view(index, place),
        code=code,
    )
    return item_response(deps, form)


@router.get("/report/places", summary="Places to pick: below one, by a part of the name, or near a position")
async def report_places(
    _reports: ReportDeps,
    deps: Deps,
    parent: OptionalText = None,
    text: Annotated[str | None, Query(max_length=30)] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)] = None,
    lon: Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)] = None,
    datum: Annotated[Literal["WGS-84", "GCJ-02", "BD-09"], Query()] = GCJ_02,
) -> JsonResponse[schema.ReportPlaces]:
    index = await place_index(deps)
    if lat is not None and lon is not None:
        point = as_gcj02((lat, lon), datum)
        near = [] if point is None else await asyncio.to_thread(index.nearest, point, float(_reports.nearest_m))
        items = [place_view(index, place, distance) for distance, place in near]
    else:
        items = [place_view(index, place) for place in index.children(parent or None, (text or "").strip())]
    return item_response(deps, schema.ReportPlaces(items=items))


@router.post(
    "/report/position",
    summary="The position in a photo, for its reporter to confirm; nothing is stored",
    openapi_extra=examples.photo_form(),
)
async def photo_position(reports: ReportDeps, deps: Deps, request: Request) -> JsonResponse[schema.PhotoPosition]:
    reject_cross_site(request)
    async with upload_slot(request):
        form = await read_form(request)
        if not form.photos:
            raise invalid(FieldError("photos", messages_zh.FIELD_ERRORS["missing"]))
        result = await reports.photos.position(form.photos[0])
    index, place = await place_index(deps), None
    if result.position is not None:
        near = await asyncio.to_thread(index.nearest, result.position, float(reports.nearest_m), 1)
        place = next((place_view(index, found, distance) for distance, found in near), None)
    lat, lon = result.position or (None, None)
    return item_response(deps, schema.PhotoPosition(lat=lat, lon=lon, place=place))


@router.post(
    "/report",
    status_code=201,
    summary="Report a hazard: text, up to four photos, a place; no login",
    openapi_extra=examples.photo_form(examples.REPORT, _REPORT_BODY),
)
async def submit_report(reports: ReportDeps, deps: Deps, request: Request) -> JsonResponse[schema.SubmittedReport]:
    reject_cross_site(request)
    client = links_of(request).client_digest(client_address(request))
    async with upload_slot(request):
        form = await _read_report(request)
        body = validate(dict(form.fields), _REPORT_BODY)
        draft = await _checked(deps, request, body, client, has_photos=bool(form.photos))
        try:
            await reports.desk.check_limits(draft)
            stored = await store_photos(reports.photos, reports.blobs, form.photos)
            submitted = await reports.desk.submit(_with_photos(draft, stored))
        except ReportLimited as limited:
            raise _too_many(limited, draft.category) from None
    category, report = draft.category, submitted.report
    token = links_of(request).report_token(report.id, report.created_at)
    view = schema.SubmittedReport(
        number=report.number,
        path=f"/r/s/{token}",
        place=deps.registry.community().address(report.place) + draft.address,
        life_safety=category.life_safety,
        emergency=category.emergency,
        photos=len(stored.kept),
        photos_refused=refused_views(stored),
    )
    return item_response(deps, view, 201)


async def _read_report(request: Request) -> UploadedForm:
    if is_multipart(request):
        return await read_form(request)
    fields = await parse_body(request, TypeAdapter(dict[str, Any]))
    return UploadedForm(fields)


async def _checked(deps: Deps, request: Request, body: ReportBody, client: str, *, has_photos: bool) -> ReportRequest:
    """The request of a valid body; 422 with every error."""
    category = deps.reports.desk.categories.get(body.category)
    known = "、".join(one.id for one in deps.reports.desk.categories.categories)
    errors = []
    if category is None:
        errors.append(FieldError("category", messages_zh.BAD_CHOICE.format(value=body.category, known=known)))
    elif not (body.text or has_photos or category.life_safety):
        errors.append(FieldError("text", report_messages_zh.NEED_TEXT_OR_PHOTO))
    if body.phone is not None and not body.consent:
        errors.append(FieldError("consent", report_messages_zh.NEED_CONSENT))
    if body.website:
        errors.append(FieldError("website", report_messages_zh.LEAVE_EMPTY))
    place, source, place_errors = await _place(deps, request, body)
    if errors or place_errors:
        raise invalid(*errors, *place_errors)
    assert category is not None
    point = None if body.lat is None or body.lon is None else as_gcj02((body.lat, body.lon), body.datum)
    return ReportRequest(
        category=category,
        text=body.text,
        client=client,
        place=place,
        place_source=source,
        address=body.address,
        lat=None if point is None else point[0],
        lon=None if point is None else point[1],
        phone=body.phone,
        key=body.key,
    )


async def _place(deps: Deps, request: Request, body: ReportBody) -> tuple[str | None, PlaceSource, list[FieldError]]:
    """The registered place of a report: by QR code, else picked, else the nearest one to its position."""
    index = await place_index(deps)
    if body.qr is not None:
        place, _ = await _place_of_code(deps, request, body.qr)
        if place is not None:
            return place.id, PlaceSource.QR, []
        if body.place is None and body.lat is None and not body.address:
            return None, PlaceSource.NONE, [FieldError("qr", report_messages_zh.BAD_CODE)]
    if body.place is not None:
        if index.is_public(body.place):
            return body.place, PlaceSource.PICK, []
        return None, PlaceSource.NONE, [FieldError("place", report_messages_zh.UNKNOWN_REPORT_PLACE)]
    if (body.lat is None) is not (body.lon is None):
        return (
            None,
            PlaceSource.NONE,
            [FieldError("lon" if body.lon is None else "lat", report_messages_zh.BOTH_COORDINATES)],
        )
    if body.lat is not None and body.lon is not None:
        point = as_gcj02((body.lat, body.lon), body.datum)
        near = [] if point is None else await asyncio.to_thread(index.nearest, point, float(deps.reports.nearest_m), 1)
        return (near[0][1].id if near else None), PlaceSource.MAP, []
    return None, PlaceSource.NONE, [] if body.address else [FieldError("place", report_messages_zh.NEED_REPORT_PLACE)]


async def _place_of_code(
    deps: Deps, request: Request, qr: str | None
) -> tuple[Place | None, Literal["none", "valid", "revoked"]]:
    """The place of a QR token, and whether the code is valid."""
    if not qr:
        return None, "none"
    number = links_of(request).code_of(qr)
    code = None if number is None else await deps.database.read(lambda tx: place_codes.get_code(tx, number))
    place = None if code is None or code.revoked_at is not None else deps.registry.community().places.get(code.place)
    return place, "revoked" if place is None else "valid"


def _with_photos(draft: ReportRequest, stored: StoredPhotos) -> ReportRequest:
    return ReportRequest(**{name: getattr(draft, name) for name in draft.__struct_fields__} | {"photos": stored.kept})


def _too_many(limited: ReportLimited, category: ReportCategory) -> Problem:
    """429; where life is in danger it says whom to call now."""
    seconds = -(-limited.wait_ms // 1000)
    sentence = report_messages_zh.TOO_MANY_REPORTS[limited.limit].format(minutes=-(-seconds // 60))
    return Problem(429, f"{sentence}{category.emergency}", headers={"Retry-After": str(seconds)})


def refused_views(stored: StoredPhotos) -> list[schema.RefusedPhotoView]:
    """The refused photos with their sentences."""
    sentences = report_messages_zh.PHOTO_FAULTS
    return [
        schema.RefusedPhotoView(
            number=one.number, reason=one.fault.value, detail=sentences[one.fault].format(number=one.number)
        )
        for one in stored.refused
    ]


def place_view(index: ReportPlaceIndex, place: Place, distance: float | None = None) -> schema.ReportPlace:
    """A place as the public page shows it."""
    return schema.ReportPlace(
        id=place.id if index.is_public(place.id) else "",
        name=place.name,
        address=index.community.address(place.id),
        leaf=not index.has_children(place.id),
        distance_m=None if distance is None else round(distance),
    )


def _category_view(category: ReportCategory) -> schema.ReportCategoryView:
    return schema.ReportCategoryView(
        id=category.id, label=category.label, life_safety=category.life_safety, emergency=category.emergency
    )
