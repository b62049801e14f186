"""`/backups`: what `fengshao backup` asks of the running service. For administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field, TypeAdapter
from starlette.responses import Response

from console.backup_interface import BackupRefused, Backups, LastBackup
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, not_found
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import Requirement
from console.schemas.system import Backup, HistoryCopy
from console.security.auth import Principal
from console.timestamps import Timestamp
from console.views.records import StrictModel
from store.database.system import audit

router = documented_router(tags=["health"])

BackupUser = Annotated[Principal, Depends(Requirement("backup"))]


class HistoryCopyBody(StrictModel):
    """Whether readings are copied, or journal positions only."""

    readings: bool = True


class BackupBody(StrictModel):
    """A finished backup. `at`: milliseconds since 1970 UTC."""

    at: Annotated[int, Field(ge=0)]
    file: Annotated[str, Field(min_length=1, max_length=255)]
    bytes: Annotated[int, Field(ge=0)]
    verified: bool = False


_HISTORY, _BACKUP = TypeAdapter(HistoryCopyBody), TypeAdapter(BackupBody)


@router.get("/backups/last", summary="The newest finished backup; 404 before the first")
async def get_last(deps: Deps, _user: BackupUser) -> JsonResponse[Backup]:
    last = _backups(deps).last
    if last is None:
        raise not_found("backup")
    return item_response(deps, _view(last))


@router.put(
    "/backups/last",
    summary="Record a finished backup",
    openapi_extra=examples.request_body(examples.BACKUP, _BACKUP),
)
async def record(request: Request, deps: Deps, user: BackupUser) -> JsonResponse[Backup]:
    body, backups, now = await parse_body(request, _BACKUP), _backups(deps), deps.clock()
    last = LastBackup(body.at, body.file, body.bytes, body.verified)
    await backups.record(last)
    detail: dict[str, str | int | bool | None] = {"file": last.file, "bytes": last.bytes, "verified": last.verified}
    await deps.database.write(lambda tx: audit.record(tx, now, user.token, "backup", detail))
    return item_response(deps, _view(last))


@router.post(
    "/backups/history",
    summary="Copy the history into DIR/backup.partial, for a backup",
    openapi_extra=examples.request_body(examples.HISTORY_COPY, _HISTORY),
)
async def copy_history(request: Request, deps: Deps, _user: BackupUser) -> JsonResponse[HistoryCopy]:
    body = await parse_body(request, _HISTORY)
    try:
        position = await _backups(deps).copy_history(readings=body.readings)
    except BackupRefused as error:
        raise Problem(409, str(error)) from error
    return item_response(deps, HistoryCopy(journal=position))


@router.delete("/backups/history", status_code=204, summary="Delete that copy")
async def discard_history(deps: Deps, _user: BackupUser) -> Response:
    await _backups(deps).discard_copy()
    return Response(status_code=204)


def _backups(deps: Deps) -> Backups:
    if deps.backups is None:
        raise not_found("backup")
    return deps.backups


def _view(last: LastBackup) -> Backup:
    return Backup(at=Timestamp(last.at), file=last.file, bytes=last.bytes, verified=last.verified)
