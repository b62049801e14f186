"""`/devices/doctor`: who speaks on the broker, what is understood, and which line to add.

The listening is done elsewhere (console.dependencies.Doctor).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.dependencies import DoctorBusy, DoctorRefused
from console.http import examples
from console.http.authorization import allowed
from console.http.openapi import Answer, described_router
from console.http.problems import Problem
from console.http.requests import Asked, shown, written_one
from console.schemas.service import DoctorReport
from console.security.auth import Principal
from console.timestamps import typed
from store.database.system import audit

router = described_router(tags=["devices"])

MOST_S: Final = 60
Listener = Annotated[Principal, Depends(allowed("doctor"))]


class DoctorAsked(BaseModel):
    """How long to listen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    seconds: Annotated[int, Field(ge=1, le=MOST_S)] = 20


_ASKED: Final = TypeAdapter(DoctorAsked)


@router.post(
    "/devices/doctor",
    summary="Listen to everything on the broker for a while: who speaks, what is understood, which line to add",
    openapi_extra=examples.body({"seconds": 20}, _ASKED, optional=True),
)
async def examine(request: Request, services: Asked, who: Listener) -> Answer[DoctorReport]:
    """Answers when the time is over. 409 while somebody else listens, 503 where the broker does not let us."""
    asked = await written_one(request, _ASKED, optional=True)
    if services.intake.doctor is None:
        raise Problem(404, messages_zh.NOT_OFFERED)
    try:
        found = await services.intake.doctor.examine(asked.seconds)
    except DoctorBusy:
        raise Problem(409, messages_zh.DOCTOR_BUSY) from None
    except DoctorRefused as refused:
        raise Problem(503, messages_zh.DOCTOR_REFUSED.format(why=refused)) from None
    told = {"seconds": asked.seconds, "speakers": len(found["speakers"])}
    await services.ledger.run(lambda tx: audit.write(tx, services.clock(), who.token, "broker listened to", told))
    return shown(services, typed(DoctorReport, found))
