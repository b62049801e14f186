"""`/devices/{id}/replace`: new hardware takes the place and the id of the old.

The device keeps its id, place, history and rules; its identities are those of the new hardware from then on.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.api.devices import check_devices, merge_patch, visible_device
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem
from console.http.requests import Deps, item_response, parse_body, validate
from console.http.requirements import RegistryAdmin
from console.schemas import devices as schema
from console.schemas import registry as registry_schema
from console.timestamps import to_schema
from console.views.records import DEVICE, device_view
from domain import Device, Identity
from domain.identities import hidden, is_secret
from domain.specs import IdentitySpec
from store.database import registry
from store.database.refusals import refusals, replays
from store.database.registry import edits
from store.database.system import audit
from store.errors import IdentityTaken

router = documented_router(tags=["devices"])

DATES_OF_HARDWARE: Final = ("installed_on", "expires_on", "calibrated_on")
"""Attributes that belong to the hardware: those of the old one do not hold for the new."""
REPLAYABLE_MAX: Final = 1_000


class ReplaceBody(BaseModel):
    """The identities of the new hardware and, where another model is installed, its name.

    `installed_on` is a day; the end of life is counted from it. `attributes` are merged as in a PATCH.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    identities: Annotated[list[IdentitySpec], Field(min_length=1, max_length=20)]
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
    model: Annotated[str, Field(max_length=200)] | None = None
    installed_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    attributes: dict[str, Any] = {}


_REPLACE_BODY: Final = TypeAdapter(ReplaceBody)


@router.post(
    "/devices/{device_id}/replace",
    summary="Replace the hardware of a device; its id, place and history stay",
    openapi_extra=examples.request_body(
        {
            "identities": [{"platform": "zigbee2mqtt", "id": "0x00158d0004ffb2c3"}],
            "reason": "探头到期，换新",
            "installed_on": "2026-11-29",
        },
        _REPLACE_BODY,
    ),
)
async def replace(
    request: Request, deps: Deps, user: RegistryAdmin, device_id: str
) -> JsonResponse[schema.Replacement]:
    """409 when an identity belongs to another device. Refused messages of the new hardware can be replayed then."""
    body = await parse_body(request, _REPLACE_BODY)
    before = await visible_device(deps, user, device_id)
    spec = validate(_replaced(before, body), DEVICE)
    check_devices(deps, [spec], many=False)
    after, now = spec.value(), deps.clock()
    detail = {
        "device": device_id,
        "reason": body.reason,
        "before": _identities_text(before.identities),
        "after": _identities_text(after.identities),
    }

    def work(tx: Any) -> int:
        try:
            registry.put_devices(tx, [after], now)
        except IdentityTaken as taken:
            names = {"platform": taken.identity.platform, "id": taken.identity.id, "holder": taken.owner}
            raise Problem(409, messages_zh.IDENTITY_TAKEN.format(**names)) from None
        edits.record_edits(tx, "devices", [device_id], now)
        audit.record(tx, now, user.person or user.token, "device replaced", detail)
        named = refusals.RefusalFilter(named=after.identities)
        return len(replays.list_replayable(tx, after=0, limit=REPLAYABLE_MAX, filters=named))

    replayable = await deps.database.write(work)
    await deps.registry.reload()
    view = to_schema(registry_schema.Device, after)
    return item_response(deps, schema.Replacement(device=view, replayable=replayable))


def _replaced(before: Device, body: ReplaceBody) -> dict[str, Any]:
    """The record of the device with its new hardware. Dates of the old hardware go."""
    old = device_view(before)
    kept = {name: value for name, value in old["attributes"].items() if name not in DATES_OF_HARDWARE}
    installed = {} if body.installed_on is None else {"installed_on": body.installed_on}
    identities = [identity.model_dump() for identity in body.identities]
    patch: dict[str, Any] = {"identities": identities, "attributes": {**installed, **body.attributes}}
    if body.model is not None:
        patch["model"] = body.model or None
    return merge_patch({**old, "attributes": kept}, patch)


def _identities_text(identities: tuple[Identity, ...]) -> str:
    """Platform and id of each; ids that are access tokens are replaced by their fingerprint."""
    shown = (f"{one.platform}:{hidden(one.id) if is_secret(one.platform) else one.id}" for one in identities)
    return " ".join(shown)
