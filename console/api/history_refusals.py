"""`/history/refusals`: values of readings that the history server refused, newest refusal first."""

from __future__ import annotations

from msgspec import to_builtins

from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, PageParams, item_response
from console.http.requirements import RegistryAdmin
from console.schemas import messages as schema
from console.timestamps import to_schema
from store.database.refusals.history_refusals import count_history_refusals, list_history_refusals

router = documented_router(tags=["refusals"])


@router.get("/history/refusals", summary="Values that the history server refused, newest refusal first")
async def list_refused_values(
    deps: Deps, _user: RegistryAdmin, pages: PageParams
) -> JsonResponse[schema.HistoryRefusalPage]:
    page = await deps.database.read(lambda tx: list_history_refusals(tx, pages.limit, pages.after))
    counts = await deps.database.read(count_history_refusals)
    views = [
        to_schema(schema.HistoryRefusal, {**to_builtins(stored.refused), "refused_at": stored.refused_at})
        for stored in page.items
    ]
    summary = {reason.value: count for reason, count in sorted(counts.items())}
    return item_response(
        deps, schema.HistoryRefusalPage(items=views, next=pages.sign_cursor(page.next), summary=summary)
    )
