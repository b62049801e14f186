"""`/supervision` (督办): alerts with a step that is overdue, the longest first."""

from __future__ import annotations

from console.api.alerts import enriched_items
from console.api.devices import visible_places
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import ALERT_FIELDS, gathered_reads
from console.http.requests import Deps, OptionalText, PageParams, list_response
from console.http.requirements import NonLinkUser
from console.schemas.alerts import AlertItem
from console.schemas.references import Page
from store.database.alerts import overdue

router = documented_router(tags=["supervision"])


@router.get(
    "/supervision",
    summary="Alerts with an overdue step, the longest overdue first: which step, since when, how often, whose",
    dependencies=[gathered_reads(ALERT_FIELDS)],
)
async def list_overdue(
    deps: Deps, user: NonLinkUser, pages: PageParams, place: OptionalText = None
) -> JsonResponse[Page[AlertItem]]:
    places = visible_places(deps, user, place)
    page = await deps.database.read(lambda tx: overdue.list_overdue(tx, places, pages.limit, pages.after))
    return list_response(deps, enriched_items(deps, page.items, user), pages.sign_cursor(page.next))
