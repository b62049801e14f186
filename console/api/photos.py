"""Photos of alerts: `POST /alerts/{id}/photos`, by everyone who may comment on the alert, and `GET /photos/{id}`."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from console import messages_zh, report_messages_zh
from console.api.alerts import require_visible_alert, resolve_actor
from console.api.report_status import photo_response
from console.api.report_views import may_see_photos, photo_view
from console.api.reports import photo_errors
from console.http import examples
from console.http.openapi import JpegResponse, JsonResponse, documented_router
from console.http.personal_data import personal_reads, record_photo_read
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, list_response, validate
from console.http.requirements import CurrentUser, Requirement
from console.http.uploads import is_multipart, read_form, upload_slot
from console.photos.storage import store_photos
from console.schemas.references import Page
from console.schemas.reports import PhotoView
from console.security.auth import Principal
from store.database.reports import photos
from store.database.system import audit

router = documented_router(tags=["alerts"])
Commenter = Annotated[Principal, Depends(Requirement("comment"))]

ALERT_PHOTOS_MAX: Final = 40
"""Photos of one alert: ten uploads."""


class PhotoFields(BaseModel):
    """`person`: on whose behalf an operator sends the photos."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    comment: Annotated[str, Field(max_length=2000)] = ""
    person: str | None = None


_PHOTO_FIELDS = TypeAdapter(PhotoFields)


@router.post(
    "/alerts/{alert_id}/photos",
    status_code=201,
    summary="Photos of an alert, with a comment; JPEG, PNG or HEIC, up to four at a time",
    openapi_extra=examples.photo_form(examples.PHOTOS, _PHOTO_FIELDS),
)
async def add_photos(request: Request, deps: Deps, user: Commenter, alert_id: str) -> JsonResponse[Page[PhotoView]]:
    await require_visible_alert(deps, user, alert_id)
    if not is_multipart(request):
        raise Problem(415, report_messages_zh.NEED_FORM)
    number = int(alert_id)
    async with upload_slot(request):
        form = await read_form(request)
        fields = validate(dict(form.fields), _PHOTO_FIELDS)
        if not form.photos:
            raise invalid(FieldError("photos", messages_zh.FIELD_ERRORS["missing"]))
        present = await deps.database.read(lambda tx: photos.count_photos(tx, number))
        if present + len(form.photos) > ALERT_PHOTOS_MAX:
            raise invalid(FieldError("photos", report_messages_zh.TOO_MANY_PHOTOS.format(limit=ALERT_PHOTOS_MAX)))
        stored = await store_photos(deps.reports.photos, deps.reports.blobs, form.photos)
    if stored.refused:
        raise invalid(*photo_errors(stored.refused))
    actor, now = resolve_actor(deps, user, fields.person), deps.clock()
    await deps.reports.desk.add_photos(number, stored.kept, actor, fields.comment)
    detail: dict[str, Any] = {"alert": alert_id, "as": actor.id, "photos": len(stored.kept)}
    await deps.database.write(lambda tx: audit.record(tx, now, user.person or user.token, "photos added", detail))
    shown = await deps.database.read(lambda tx: photos.photos_of_alert(tx, number))
    added = [one for one in shown if one.digest in {photo.digest for photo in stored.kept} and one.at >= now]
    response: JsonResponse[Page[PhotoView]] = list_response(deps, [photo_view(one) for one in added])
    response.status_code = 201
    return response


@router.get(
    "/photos/{photo_id}",
    summary="The file of a photo (JPEG)",
    response_class=JpegResponse,
    dependencies=[personal_reads("photos")],
)
async def get_photo(deps: Deps, user: CurrentUser, photo_id: str) -> Response:
    is_number = photo_id.isascii() and photo_id.isdecimal() and len(photo_id) <= 18
    photo = await deps.database.read(lambda tx: photos.get_photo(tx, int(photo_id))) if is_number else None
    if photo is None:
        if user.alert is not None:
            raise Problem(403, messages_zh.OTHER_ALERT)
        raise not_found("photo")
    await require_visible_alert(deps, user, str(photo.alert))
    if not may_see_photos(user):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[user.role]))
    await record_photo_read(deps, user, str(photo.alert))
    return await photo_response(deps, photo)
