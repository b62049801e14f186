"""`/devices/{id}/readings`: readings of a device, ascending, every value exactly as it was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from fastapi import Query
from msgspec import UNSET

from console import messages_zh
from console.api.alerts import alert_of_link
from console.api.devices import visible_device
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import personal_reads, record_bearer_read
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, PageParams, item_response, list_response, parse_period, parse_step
from console.http.requirements import CurrentUser
from console.schemas.messages import QuantityRollup, ReadingPoint, RollupPage, RollupPoint
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import Timestamp
from console.views.wearers import is_worn
from domain import DAY, MINUTE, Device, Instant, Quality
from domain.times import EARLIEST
from store.history import Point, Rollup, next_cursor, rollup_step_ms

router = documented_router(tags=["readings"])

CURVE_BEFORE_MS: Final = 2 * DAY
"""A chart shows a day before the onset, and for meters that report rarely another day."""

CLOCK_AHEAD_MS: Final = 5 * MINUTE
"""A plausible device clock may be a little ahead of ours: "until now" must not hide its newest reading."""

YEAR_MS: Final = 365 * DAY
ROLLUP_POINTS_MAX: Final = 2_000


@router.get(
    "/devices/{device_id}/readings",
    summary="Readings of a device, ascending; default: the last 24 hours",
    dependencies=[personal_reads("health")],
)
async def list_readings(
    deps: Deps,
    user: CurrentUser,
    pages: PageParams,
    device_id: str,
    quantity: Annotated[str | None, Query(description="default: every quantity")] = None,
    since: Annotated[str | None, Query(alias="from", description="included; default: 24 hours before `to`")] = None,
    until: Annotated[str | None, Query(alias="to", description="included; default: now")] = None,
    step: Annotated[str | None, Query(description="30s, 5m, 1h: one value a step (mean of numbers, else last)")] = None,
) -> JsonResponse[Page[ReadingPoint]]:
    device = await readable_device(deps, user, device_id)
    await record_bearer_read(deps, user, device)
    begin, end = parse_period(deps, since, until)
    if end is None:
        end = deps.clock() + CLOCK_AHEAD_MS
    if begin is None:
        begin = (end if until else deps.clock()) - DAY
    begin = max(begin, await readable_since(deps, user))
    if begin > end:
        return list_response(deps, list[ReadingPoint]())
    requested, step_ms = _check_quantity(deps, device, quantity), parse_step(step)
    points = await deps.history.series(device.id, requested, begin, end + 1, step_ms, pages.limit + 1, pages.after)
    page = points[: pages.limit]
    following = next_cursor(page, pages.limit, pages.after) if len(points) > pages.limit else None
    return list_response(deps, [reading_view(deps, device, point) for point in page], pages.sign_cursor(following))


@router.get(
    "/devices/{device_id}/rollups",
    summary="Lowest, mean and highest value by quantity over a long period; default: the last year",
    dependencies=[personal_reads("health")],
)
async def list_rollups(
    deps: Deps,
    user: CurrentUser,
    device_id: str,
    quantity: Annotated[str | None, Query(description="default: every quantity")] = None,
    since: Annotated[str | None, Query(alias="from", description="included; default: 365 days before `to`")] = None,
    until: Annotated[str | None, Query(alias="to", description="default: now")] = None,
    points: Annotated[int, Query(ge=10, le=ROLLUP_POINTS_MAX, description="buckets at most, by quantity")] = 400,
) -> JsonResponse[RollupPage]:
    """The shortest round length of bucket is taken with which the period has at most `points`."""
    device = await readable_device(deps, user, device_id)
    await record_bearer_read(deps, user, device)
    begin, end = parse_period(deps, since, until)
    end = deps.clock() + CLOCK_AHEAD_MS if end is None else end
    begin = max(end - YEAR_MS if begin is None else begin, await readable_since(deps, user))
    requested, step_ms = _check_quantity(deps, device, quantity), rollup_step_ms(min(begin, end), end, points)
    found = await deps.history.rollups(device.id, requested, begin, end + 1, step_ms) if begin <= end else []
    page = RollupPage(
        items=list(_rollup_views(deps, device, found)),
        next=None,
        from_=Timestamp(begin),
        to=Timestamp(end),
        step_ms=step_ms,
    )
    return item_response(deps, page)


async def readable_device(deps: Deps, user: Principal, device_id: str) -> Device:
    """A device whose readings this principal may see, or 404; a worker's link may see its alert's device."""
    if user.alert is not None:
        alert = await alert_of_link(deps, user)
        if alert is None or alert["device"] != device_id:
            raise not_found("device", device_id)
    device = await visible_device(deps, user, device_id)
    if user.only_looks_on and is_worn(deps.registry.kinds.get(device.kind)):
        raise Problem(403, messages_zh.NOT_ALLOWED.format(access=messages_zh.ROLES[user.role]))
    return device


async def readable_since(deps: Deps, user: Principal) -> Instant:
    """Since when this principal may see readings: a worker's link shows its alert's chart, not the whole history."""
    alert = await alert_of_link(deps, user)
    return EARLIEST if alert is None else int(alert["started_at"]) - CURVE_BEFORE_MS


def _check_quantity(deps: Deps, device: Device, quantity: str | None) -> str | None:
    kind = deps.registry.kinds.get(device.kind)
    if not quantity:
        return None
    if kind is not None and quantity not in kind.quantities:
        known = "、".join(kind.quantities)
        detail = messages_zh.UNKNOWN_QUANTITY.format(kind=device.kind, quantity=quantity, known=known)
        raise invalid(FieldError("quantity", detail))
    return quantity


def reading_view(deps: Deps, device: Device, point: Point) -> ReadingPoint:
    """A point with its unit."""
    return ReadingPoint(
        at=Timestamp(point.at),
        quantity=point.quantity,
        value=point.value,
        unit=_unit(deps, device, point.quantity),
        quality=Quality(point.quality),
    )


def _unit(deps: Deps, device: Device, quantity: str) -> str | None:
    kind = deps.registry.kinds.get(device.kind)
    declared = kind.quantities.get(quantity) if kind else None
    return declared.unit if declared and declared.unit else None


def _rollup_views(deps: Deps, device: Device, found: Sequence[Rollup]) -> Iterator[QuantityRollup]:
    by_quantity: dict[str, list[RollupPoint]] = {}
    for one in found:
        last = UNSET if one.last is None else one.last
        point = RollupPoint(at=Timestamp(one.at), min=one.low, mean=one.mean, max=one.high, last=last)
        by_quantity.setdefault(one.quantity, []).append(point)
    for quantity, points in sorted(by_quantity.items()):
        yield QuantityRollup(quantity=quantity, unit=_unit(deps, device, quantity), points=points)
