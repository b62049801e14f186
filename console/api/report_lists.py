"""`/reports` and `/statistics/reports` for the office: pages of citizens' reports, and figures of them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from alerts.alert import State
from console.api.devices import visible_places
from console.api.report_views import report_item
from console.api.reports import note_phones_read
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import gathered_reads
from console.http.requests import (
    Deps,
    OptionalText,
    PageParams,
    TextList,
    item_response,
    parse_choices,
    parse_period,
)
from console.http.requirements import NonLinkUser
from console.schemas import reports as schema
from console.timestamps import Timestamp
from domain import DAY
from store.database.reports import queries
from store.database.reports.queries import ReportFilter, ReportOrder, ReportShow

router = documented_router(tags=["reports"])

WORDS_MAX: Final = 8
FIGURES_OF_MS: Final = DAY * 30
"""The period of figures without `since`."""


@router.get("/reports", summary="Citizens' reports", dependencies=[gathered_reads("phone, text")])
async def list_reports(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    state: TextList,
    category: OptionalText = None,
    answered: Annotated[bool | None, Query()] = None,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
    since: OptionalText = None,
    until: OptionalText = None,
    show: Annotated[str | None, Query(description="open, verify, answer, reopened or answered")] = None,
    q: Annotated[str | None, Query(max_length=100, description="words of address, number or text; all match")] = None,
    order: Annotated[str | None, Query(description="newest, or urgent: overdue and unanswered ones first")] = None,
) -> JsonResponse[schema.ReportPage]:
    """Whoever reads the texts masked cannot search in them: digit by digit he would find a phone number."""
    begin, end = parse_period(deps, since, until, ("since", "until"))
    filters = ReportFilter(
        places=visible_places(deps, user, place),
        category=category or None,
        state=parse_choices("state", state, State),
        answered=answered,
        since=begin,
        until=None if end is None else end + 1,
        show=next(iter(parse_choices("show", [show or ""], ReportShow)), None),
        words=(q or "").split()[:WORDS_MAX],
        in_text=user.sees_names,
    )
    ordered, now = parse_choices("order", [order or ReportOrder.NEWEST], ReportOrder)[0], deps.clock()
    page = await deps.database.read(
        lambda tx: queries.list_reports(tx, filters, pages.limit, pages.after, ordered, now)
    )
    counts = await deps.database.read(lambda tx: queries.count_reports(tx, filters, now))
    await note_phones_read(deps, user, page.items)
    view = schema.ReportPage(
        items=[report_item(deps, row, user) for row in page.items],
        next=pages.sign_cursor(page.next),
        total=counts.total,
        late=counts.late,
        counts=counts.by_show,
        categories=[schema.CategoryName(id=one.id, label=one.label) for one in deps.reports.desk.categories.categories],
    )
    return item_response(deps, view)


@router.get("/statistics/reports", summary="Figures of citizens' reports: received, verified, answered, closing rate")
async def report_statistics(
    deps: Deps,
    user: NonLinkUser,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
    since: Annotated[str | None, Query(description="made at or after; default: 30 days ago")] = None,
    until: OptionalText = None,
) -> JsonResponse[schema.ReportFiguresView]:
    now = deps.clock()
    begin, end = parse_period(deps, since, until, ("since", "until"))
    begin, end = now - FIGURES_OF_MS if begin is None else begin, now if end is None else end
    filters = ReportFilter(places=visible_places(deps, user, place), since=begin, until=end + 1)
    figures = await deps.database.read(lambda tx: queries.report_figures(tx, filters, now))
    rated = figures.satisfied + figures.dissatisfied
    view = schema.ReportFiguresView(
        since=Timestamp(begin),
        until=Timestamp(end),
        closing_rate=figures.closed / figures.received if figures.received else None,
        satisfaction_rate=figures.satisfied / rated if rated else None,
        **{name: getattr(figures, name) for name in figures.__struct_fields__},
    )
    return item_response(deps, view)
