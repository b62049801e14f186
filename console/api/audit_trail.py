"""`/audit`: who did what, and who read whose personal data; filtered by person, action and time, also as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from starlette.responses import StreamingResponse

from console.api.alerts_export import CsvFile
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, OptionalText, PageParams, list_response, parse_period
from console.http.requirements import Requirement
from console.schemas import messages as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import Timestamp
from console.views.audit_csv import audit_csv_header, audit_csv_lines
from console.views.audit_names import names_in
from store.database.system import audit, tokens, users
from store.database.system.audit import AuditFilter

router = documented_router(tags=["audit"])

PAGE: Final = 500
"""Rows of one read of an export."""
Auditor = Annotated[Principal, Depends(Requirement("audit"))]


@dataclass(frozen=True)
class AuditQuery:
    """The query parameters of both endpoints."""

    actor: str | None
    about: str | None
    action: str | None
    since: str | None
    until: str | None


async def audit_query(
    actor: OptionalText = None,
    about: Annotated[str | None, Query(description="the id of the person, user, token or alert it was about")] = None,
    action: Annotated[str | None, Query(description="the action, or how it begins: `alert`")] = None,
    since: OptionalText = None,
    until: OptionalText = None,
) -> AuditQuery:
    return AuditQuery(actor or None, about or None, action or None, since, until)


Filters = Annotated[AuditQuery, Depends(audit_query)]


@router.get("/audit", summary="Audit trail, newest first")
async def list_audit(
    deps: Deps, _user: Auditor, pages: PageParams, query: Filters
) -> JsonResponse[Page[schema.AuditEntry]]:
    filters = _filter(deps, query)
    page = await deps.database.read(lambda tx: audit.list_entries(tx, pages.limit, pages.after, filters))
    people, others = deps.registry.community().people, await _other_names(deps)
    views = [
        schema.AuditEntry(
            at=Timestamp(entry.at),
            actor=entry.actor,
            action=entry.action,
            detail=dict(entry.detail),
            names=names_in(entry.actor, entry.detail, people, others),
        )
        for entry in page.items
    ]
    return list_response(deps, views, pages.sign_cursor(page.next))


async def _other_names(deps: Deps) -> dict[str, str]:
    """Names of users and tokens by the ids that stand in the trail."""
    accounts = await deps.database.read(users.list_users)
    made = await deps.database.read(tokens.list_tokens)
    by_user = {name: one.name for one in accounts for name in (one.id, f"user:{one.id}")}
    return {one.id: one.name for one in made if one.name} | by_user


@router.get("/audit.csv", summary="The audit trail as CSV for spreadsheets", response_class=CsvFile)
async def export_audit(deps: Deps, user: Auditor, query: Filters) -> StreamingResponse:
    asked = {name: value for name, value in asdict(query).items() if value is not None}
    now, actor = deps.clock(), user.person or user.token
    await deps.database.write(lambda tx: audit.record(tx, now, actor, "audit exported", asked))
    return StreamingResponse(
        _lines(deps, _filter(deps, query)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


async def _lines(deps: Deps, filters: AuditFilter) -> AsyncIterator[str]:
    yield audit_csv_header()
    after: str | None = None
    while True:
        page: Any = await deps.database.read(partial(audit.list_entries, limit=PAGE, after=after, filters=filters))
        yield audit_csv_lines(page.items, deps.site.zone)
        after = page.next
        if after is None:
            return


def _filter(deps: Deps, query: AuditQuery) -> AuditFilter:
    since, until = parse_period(deps, query.since, query.until, ("since", "until"))
    return AuditFilter(query.actor, query.about, query.action, since, until)
