"""`/devices/doctor`: which devices send on the broker, what is decoded, and which line to add.

The service subscribes and reports (console.dependencies.Doctor).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.doctor_interface import DoctorBusy, DoctorRefused
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import Requirement
from console.schemas.service import DoctorReport
from console.security.auth import Principal
from console.timestamps import to_schema
from store.database.system import audit

router = documented_router(tags=["devices"])

SECONDS_MAX: Final = 60
DoctorUser = Annotated[Principal, Depends(Requirement("doctor"))]


class DoctorBody(BaseModel):
    """Duration of the examination, in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    seconds: Annotated[int, Field(ge=1, le=SECONDS_MAX)] = 20


_DOCTOR_BODY: Final = TypeAdapter(DoctorBody)


@router.post(
    "/devices/doctor",
    summary="Subscribe to everything on the broker: which devices send, what is decoded, which line to add",
    openapi_extra=examples.request_body({"seconds": 20}, _DOCTOR_BODY, optional=True),
)
async def examine(request: Request, deps: Deps, user: DoctorUser) -> JsonResponse[DoctorReport]:
    """Responds when the time is over. 409 while another examination runs, 503 when the broker refuses."""
    body = await parse_body(request, _DOCTOR_BODY, optional=True)
    if deps.intake.doctor is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    try:
        report = await deps.intake.doctor.examine(body.seconds)
    except DoctorBusy:
        raise Problem(409, messages_zh.DOCTOR_BUSY) from None
    except DoctorRefused as refused:
        raise Problem(503, messages_zh.DOCTOR_REFUSED.format(why=refused)) from None
    detail = {"seconds": body.seconds, "speakers": len(report["speakers"])}
    await deps.database.write(lambda tx: audit.record(tx, deps.clock(), user.token, "broker listened to", detail))
    return item_response(deps, to_schema(DoctorReport, report))
