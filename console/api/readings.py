"""`/devices/{id}/readings`: what a device said, ascending, every value exactly as it was sent."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from console import messages_zh
from console.api.alerts import linked_alert
from console.api.devices import seen_device
from console.dependencies import Services
from console.http.authorization import Who
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, faulty, no_such
from console.http.requests import Asked, Pages, asked_period, asked_step, listed
from console.schemas.messages import ReadingPoint
from console.schemas.parts import Page
from console.security.auth import Principal
from console.timestamps import Moment
from domain import DAY, MINUTE, Device, Instant, Quality
from domain.times import EARLIEST
from store.history import Point, next_cursor

router = described_router(tags=["readings"])

CURVE_BACK_MS: Final = 2 * DAY
"""Before its onset a curve shows a day of a meter, and another day where the meter reported too rarely."""

AHEAD_MS: Final = 5 * MINUTE
"""A sane device clock may run a little ahead of ours: "until now" must not hide what it has just said."""


@router.get("/devices/{device_id}/readings", summary="Readings of a device, ascending; default: the last 24 hours")
async def list_readings(
    services: Asked,
    who: Who,
    pages: Pages,
    device_id: str,
    quantity: Annotated[str | None, Query(description="default: every quantity")] = None,
    since: Annotated[str | None, Query(alias="from", description="included; default: 24 hours before `to`")] = None,
    until: Annotated[str | None, Query(alias="to", description="included; default: now")] = None,
    step: Annotated[str | None, Query(description="30s, 5m, 1h: one value a step (mean of numbers, else last)")] = None,
) -> Answer[Page[ReadingPoint]]:
    device = await readable_device(services, who, device_id)
    begin, end = asked_period(services, since, until)
    if end is None:
        end = services.clock() + AHEAD_MS
    if begin is None:
        begin = (end if until else services.clock()) - DAY
    begin = max(begin, await readable_since(services, who))
    if begin > end:
        return listed(services, list[ReadingPoint]())
    wanted, step_ms = _quantity(services, device, quantity), asked_step(step)
    found = await services.history.series(device.id, wanted, begin, end + 1, step_ms, pages.limit + 1, pages.after)
    shown = found[: pages.limit]
    following = next_cursor(shown, pages.limit, pages.after) if len(found) > pages.limit else None
    return listed(services, [_view(services, device, point) for point in shown], pages.seal(following))


async def readable_device(services: Services, who: Principal, device_id: str) -> Device:
    """A device whose readings this principal may see: a worker's link opens those of its alert's device."""
    if who.alert is not None:
        alert = await linked_alert(services, who)
        if alert is None or alert["device"] != device_id:
            raise no_such("device", device_id)
    return await seen_device(services, who, device_id)


async def readable_since(services: Services, who: Principal) -> Instant:
    """The oldest reading this principal may see: a worker's link shows its alert's curve, not the device's past."""
    alert = await linked_alert(services, who)
    return EARLIEST if alert is None else int(alert["started_at"]) - CURVE_BACK_MS


def _quantity(services: Services, device: Device, quantity: str | None) -> str | None:
    kind = services.registry.kinds.get(device.kind)
    if not quantity:
        return None
    if kind is not None and quantity not in kind.quantities:
        known = "、".join(kind.quantities)
        detail = messages_zh.UNKNOWN_QUANTITY.format(kind=device.kind, quantity=quantity, known=known)
        raise faulty(FieldFault("quantity", detail))
    return quantity


def _view(services: Services, device: Device, point: Point) -> ReadingPoint:
    kind = services.registry.kinds.get(device.kind)
    declared = kind.quantities.get(point.quantity) if kind else None
    unit = declared.unit if declared and declared.unit else None
    return ReadingPoint(
        at=Moment(point.at), quantity=point.quantity, value=point.value, unit=unit, quality=Quality(point.quality)
    )
