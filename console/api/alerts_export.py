"""`/alerts.csv`: the list of alerts as CSV, streamed page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from starlette.responses import Response, StreamingResponse

from console.api.alert_filters import AlertFilters
from console.http.openapi import documented_router
from console.http.personal_data import ALERT_FIELDS, gathered_reads
from console.http.requests import Deps
from console.http.requirements import NonLinkUser
from console.security.auth import Principal
from console.views.case_csv import csv_header, csv_of_cases
from console.views.figure_names import FigureNames
from store.database.alerts import case_rows
from store.database.alerts.queries import AlertFilter

router = documented_router(tags=["alerts"])

PAGE: Final = 500
"""Rows of one read, so that a long export never holds the thread of reads."""


class CsvFile(Response):
    """A CSV file."""

    media_type = "text/csv"


@router.get(
    "/alerts.csv",
    summary="The list of alerts as CSV for spreadsheets; names as this user may see them",
    response_class=CsvFile,
    dependencies=[gathered_reads(ALERT_FIELDS)],
)
async def export_alerts(deps: Deps, user: NonLinkUser, filters: AlertFilters) -> StreamingResponse:
    return StreamingResponse(
        _lines(deps, user, filters),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="alerts.csv"'},
    )


async def _lines(deps: Deps, user: Principal, filters: AlertFilter) -> AsyncIterator[str]:
    names = FigureNames("zh", deps.registry.community(), deps.registry.roles, deps.rules.summaries())
    yield csv_header()
    after: int | None = None
    while rows := await deps.database.read(partial(case_rows.case_rows, filters=filters, limit=PAGE, after=after)):
        yield csv_of_cases(rows, names, deps.site.zone, sees_names=user.sees_names)
        after = rows[-1]["id"]
