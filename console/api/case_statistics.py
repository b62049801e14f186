"""`/statistics/dispositions`: what alerts turned out to be, counted by rule, device or place."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from alerts.alert import CaseDisposition
from console.api.devices import visible_places
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, OptionalText, item_response, parse_period
from console.http.requirements import NonLinkUser
from console.schemas.case_statistics import DispositionCount, DispositionStatistics
from store.database.alerts import statistics

router = documented_router(tags=["statistics"])


@router.get(
    "/statistics/dispositions",
    summary="Alerts dealt with, by what they turned out to be; the most false alarms first",
)
async def count_dispositions(
    deps: Deps,
    user: NonLinkUser,
    by: Annotated[Literal["rule", "device", "place"], Query(description="what to count by")] = "rule",
    place: OptionalText = None,
    since: Annotated[str | None, Query(alias="from", description="opened at or after")] = None,
    until: Annotated[str | None, Query(alias="to", description="opened at or before")] = None,
) -> JsonResponse[DispositionStatistics]:
    begin, end = parse_period(deps, since, until, ("from", "to"))
    places = visible_places(deps, user, place)
    last = None if end is None else end + 1
    counts = await deps.database.read(lambda tx: statistics.dispositions(tx, by, begin, last, places))
    items = [_count(deps, by, key, numbers) for key, numbers in counts.items()]
    items.sort(key=lambda item: (-(item.total - item.real - item.unknown), -item.total, item.id))
    return item_response(deps, DispositionStatistics(by=by, items=items))


def _count(deps: Deps, by: str, key: str, numbers: dict[str, int]) -> DispositionCount:
    return DispositionCount(
        id=key,
        name=_name(deps, by, key),
        total=sum(numbers.values()),
        unknown=numbers.get("", 0),
        **{disposition.value: numbers.get(disposition.value, 0) for disposition in CaseDisposition},
    )


def _name(deps: Deps, by: str, key: str) -> str:
    """The title of a rule, the address of a place; a device has its id only."""
    if by == "place":
        return deps.registry.community().address(key)
    titles = {rule.name: rule.title for rule in deps.rules.summaries()} if by == "rule" else {}
    return titles.get(key, key)
