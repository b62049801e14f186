"""`/statistics`: response times, closing rate, alarm load and bad actors of a period; the report of a month."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query
from starlette.responses import Response

from alerts.analysis.case_figures import GroupBy
from console import messages_zh
from console.api.devices import visible_places
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, invalid
from console.http.requests import Deps, OptionalText, TextList, item_response, parse_choices, parse_period
from console.http.requirements import NonLinkUser
from console.schemas.statistics import Statistics
from console.security.auth import Principal
from console.timestamps import to_schema
from console.views.figure_names import Language
from console.views.monthly_report import render_html
from console.views.period_statistics import Scope, StatisticsReader
from console.views.report_csv import render_csv
from console.views.statistics import statistics_view
from domain import DAY, Instant

router = documented_router(tags=["statistics"])

DEFAULT_SPAN_MS: Final = 30 * DAY
SPAN_MAX_MS: Final = 800 * DAY
"""A little more than two years."""
DEFAULT_GROUPS: Final = (GroupBy.SEVERITY, GroupBy.HAZARD, GroupBy.ROLE)
REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Content security policy of the report: its own style sheet, no scripts, nothing from elsewhere."""

Place = Annotated[str | None, Query(description="this place and all places under it")]


class ReportPage(Response):
    """A self-contained page."""

    media_type = "text/html"


@router.get(
    "/statistics",
    summary="Response times, closing rate, alarm load (ISA-18.2) and bad actors; default: the last 30 days",
)
async def get_statistics(
    deps: Deps,
    user: NonLinkUser,
    group: TextList,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: OptionalText = None,
    place: Place = None,
) -> JsonResponse[Statistics]:
    since, until = _period(deps, from_, to)
    groups = tuple(parse_choices("group", group, GroupBy)) or DEFAULT_GROUPS
    reader = statistics_reader(deps)
    found = await reader.figures(since, until, deps.clock(), groups, _scope(deps, user, place))
    view = statistics_view(found.statistics, found.period, place, reader.names("zh"), found.places)
    return item_response(deps, to_schema(Statistics, view))


@router.get("/statistics/report", summary="The report of a month as a page or as CSV", response_class=ReportPage)
async def get_report(
    deps: Deps,
    user: NonLinkUser,
    month: Annotated[str, Query(description="like 2026-11")],
    format_: Annotated[str, Query(alias="format", json_schema_extra={"enum": ["html", "csv"]})] = "html",
    lang: Annotated[str, Query(json_schema_extra={"enum": ["zh", "en"]})] = "zh",
    place: Place = None,
) -> Response:
    if format_ not in ("html", "csv"):
        raise invalid(FieldError("format", messages_zh.BAD_CHOICE.format(value=format_, known="html、csv")))
    language: Language = "en" if lang == "en" else "zh"
    try:
        report = await statistics_reader(deps).report(month, deps.clock(), language, _scope(deps, user, place))
    except ValueError:
        raise invalid(FieldError("month", messages_zh.BAD_MONTH)) from None
    if format_ == "html":
        return ReportPage(render_html(report), headers={"Content-Security-Policy": REPORT_POLICY})
    return csv_response(render_csv(report), f"fengshao-{month}.csv")


def csv_response(text: Any, name: str) -> Response:
    """A CSV file for download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def statistics_reader(deps: Deps) -> StatisticsReader:
    """The reader of statistics with the present registry and rules."""
    registry = deps.registry
    return StatisticsReader(deps.database, deps.site, registry.community(), registry.roles, deps.rules.summaries())


def _scope(deps: Deps, user: Principal, place: str | None) -> Scope:
    """The places that are counted, and the one whose name is the title: of a foreign place not even that is told."""
    places = visible_places(deps, user, place)
    is_foreign = place is not None and user.place is not None and place not in (places or ())
    return Scope(places, user.place if is_foreign else place or user.place)


def _period(deps: Deps, since: str | None, until: str | None) -> tuple[Instant, Instant]:
    """The requested period; 422 when it is empty or longer than SPAN_MAX_MS."""
    begin, end = parse_period(deps, since, until)
    end = deps.clock() if end is None else end
    begin = end - DEFAULT_SPAN_MS if begin is None else begin
    if not begin < end <= begin + SPAN_MAX_MS:
        raise invalid(FieldError("from", messages_zh.PERIOD_TOO_LONG.format(days=SPAN_MAX_MS // DAY)))
    return begin, end
