"""`/imports/{table}`: people and roster lines from a spreadsheet, shown before they are imported by a named person.

What is imported is what the preview showed: its proof covers the file and the records that it meets in the registry.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request
from msgspec.structs import replace
from pydantic import Field, TypeAdapter

from alerts.roster.gaps import roster_gaps
from console import import_messages_zh as words
from console.api.acting_person import acting_person
from console.api.on_duty import name_of
from console.dependencies import ConsoleDependencies
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.personal_data import record_personal_reads
from console.http.problems import FieldError, Problem, invalid
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import NonLinkUser, RequirementByPath
from console.imports.changes import Differences, ImportPlan
from console.imports.names import Names
from console.imports.sheets import BadTable, read_rows
from console.imports.tables import TableReader
from console.schemas import imports as schema
from console.schemas.rosters import ScheduleItem
from console.security.auth import Principal
from console.views.records import StrictModel
from console.views.rosters import gap_view
from domain import Attribute, Duty, Instant
from domain.people import Community
from domain.specs import Text
from store.database import registry
from store.database.registry import edits
from store.database.system import audit

router = documented_router(prefix="/imports", tags=["registry"])

SHOWN_MAX: Final = 500
IDS_MAX: Final = 20


ImportedTableName = Literal["people", "duties"]
PERMISSION: Final[dict[str, str]] = {"people": "registry", "duties": "roster"}
BY_TABLE: Final = Depends(RequirementByPath("table", PERMISSION, links=False))


class ImportBody(StrictModel):
    """A file: its name and its content in base64. `replace_lines`: lines of the cells and roles that the file names,
    and that it does not contain, are removed. `preview` is the proof of the preview; `person` and `pin` name whoever
    imports it on a login that several share."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    content: str
    replace_lines: bool = False
    preview: str | None = None
    person: Text | None = None
    pin: Annotated[str, Field(max_length=32)] | None = None


_BODY: Final = TypeAdapter(ImportBody)
_EXAMPLE: Final = {
    "name": "12月值班表.csv",
    "content": base64.b64encode("网格,岗位,人员\nm03,worker,worker-3\n".encode()).decode(),
    "replace_lines": False,
}


@router.post(
    "/{table}/preview",
    dependencies=[BY_TABLE],
    summary="What a spreadsheet (CSV or XLSX) would change, or its faults by line and column; nothing is changed",
    openapi_extra=examples.request_body(_EXAMPLE, _BODY),
)
async def preview_import(
    request: Request, deps: Deps, user: NonLinkUser, table: ImportedTableName
) -> JsonResponse[schema.ImportPreview]:
    body, now = await parse_body(request, _BODY), deps.clock()
    data, community = _content(body), deps.registry.community()
    try:
        plan = await asyncio.to_thread(_plan, deps, community, table, data, replace_lines=body.replace_lines)
    except BadTable as bad:
        return item_response(deps, _refused(bad))
    if table == "people":
        known = [one.id for one in plan.records if one.id in community.people and one.id not in community.workers]
        await record_personal_reads(deps, user, known, "phone, health")
    gaps = await asyncio.to_thread(_new_gaps, deps, user, community, plan, now) if table == "duties" else []
    return item_response(deps, _preview(plan, gaps, plan.digest(data)))


@router.post(
    "/{table}",
    dependencies=[BY_TABLE],
    summary="Import a spreadsheet as its preview showed it; 409 when the file or the registry changed since",
    openapi_extra=examples.request_body({**_EXAMPLE, "preview": "of the preview"}, _BODY),
)
async def import_table(
    request: Request, deps: Deps, user: NonLinkUser, table: ImportedTableName
) -> JsonResponse[schema.ImportedTable]:
    body, now = await parse_body(request, _BODY), deps.clock()
    data = _content(body)
    actor = await acting_person(request, deps, user, body.person, body.pin)
    try:
        plan = await asyncio.to_thread(
            _plan, deps, deps.registry.community(), table, data, replace_lines=body.replace_lines
        )
    except BadTable as bad:
        raise invalid(*(FieldError(f"{one.cell} {one.field}".strip(), one.detail) for one in bad.faults)) from None
    if not plan.changes:
        raise Problem(409, words.NOTHING_TO_DO)
    counts = _counts(plan)
    ids = " ".join(change.id for change in plan.changes[:IDS_MAX])
    detail: dict[str, Attribute | None] = {
        "file": body.name,
        "by": actor.id,
        "ids": ids,
        **{name: count for name, count in counts.items() if count},
    }

    def work(tx: Any) -> None:
        # Read in the transaction: another change may lie between the preview, this request and this moment.
        if body.preview != _as_stored(tx, plan, table, data):
            raise Problem(409, words.CHANGED_SINCE)
        _store(tx, table, plan, now)
        audit.record(tx, now, user.person or user.token, f"{table} imported", detail)

    await deps.database.write(work)
    await deps.registry.reload()
    return item_response(deps, schema.ImportedTable(**counts, unchanged=plan.unchanged, by=actor.name))


def _content(body: ImportBody) -> bytes:
    try:
        return base64.b64decode(body.content, validate=True)
    except binascii.Error:
        raise invalid(FieldError("content", words.BAD_BASE64)) from None


def _rows_of(community: Community, table: ImportedTableName) -> Mapping[str, Any]:
    return community.people if table == "people" else {duty.id: duty for duty in community.duties}


def _plan(
    deps: ConsoleDependencies, community: Community, table: ImportedTableName, data: bytes, *, replace_lines: bool
) -> ImportPlan:
    """Raises BadTable with every fault of the file."""
    reader = TableReader(table, community, Names(community, deps.registry.roles), deps.site.zone)
    records = reader.records(read_rows(data))
    removed = _left_out(community, records) if replace_lines and table == "duties" else []
    differences = Differences(community, deps.registry.roles, lambda at: _time_text(deps, at))
    return differences.plan(_rows_of(community, table), records, removed)


def _left_out(community: Community, records: list[Duty]) -> list[str]:
    """Stored lines of the file's cells and roles that are not in the file."""
    named = {(duty.cell, duty.role) for duty in records}
    kept = {duty.id for duty in records}
    return sorted(duty.id for duty in community.duties if (duty.cell, duty.role) in named and duty.id not in kept)


def _as_stored(tx: Any, plan: ImportPlan, table: ImportedTableName, data: bytes) -> str:
    """The proof of this plan if the stored records are those it was made with, else an empty text."""
    rows = registry.find_records(tx, table, [*(record.id for record in plan.records), *plan.removed])
    seen = {record.id: plan.before.get(record.id) for record in plan.records}
    seen |= {identifier: plan.before.get(identifier) for identifier in plan.removed}
    return plan.digest(data) if all(rows.get(identifier) == one for identifier, one in seen.items()) else ""


def _store(tx: Any, table: ImportedTableName, plan: ImportPlan, now: Instant) -> None:
    put = registry.put_people if table == "people" else registry.put_duties
    put(tx, plan.records, now)
    registry.remove_records(tx, table, plan.removed, now)
    edits.record_edits(tx, table, [record.id for record in plan.records], now)
    edits.record_edits(tx, table, plan.removed, now, deleted=True)


def _new_gaps(
    deps: ConsoleDependencies, user: Principal, community: Community, plan: ImportPlan, now: Instant
) -> list[ScheduleItem]:
    """Gaps of the next two weeks that this import would bring, in the cells that it changes."""
    changed = {duty.id: duty for duty in plan.records}
    gone = {*changed, *plan.removed}
    lines = [*(duty for duty in community.duties if duty.id not in gone), *changed.values()]
    after = replace(community, duties=tuple(lines))
    cells = {duty.cell for duty in (*plan.records, *plan.before.values())}
    zone = deps.site.zone
    known = {(gap.cell, gap.role, gap.begin, gap.end) for gap in roster_gaps(community, now, zone, cells=cells)}
    all_gaps = roster_gaps(after, now, zone, cells=cells)
    found = [gap for gap in all_gaps if (gap.cell, gap.role, gap.begin, gap.end) not in known]
    return [gap_view(gap, gap.cell, name_of(deps, user)) for gap in found[:SHOWN_MAX]]


def _counts(plan: ImportPlan) -> dict[str, int]:
    kinds = [change.change for change in plan.changes]
    return {kind: kinds.count(kind) for kind in ("created", "updated", "removed")}


def _preview(plan: ImportPlan, gaps: list[ScheduleItem], proof: str) -> schema.ImportPreview:
    return schema.ImportPreview(
        faults=[],
        **_counts(plan),
        unchanged=plan.unchanged,
        changes=list(plan.changes[:SHOWN_MAX]),
        gaps=gaps,
        preview=proof if plan.changes else None,
    )


def _refused(bad: BadTable) -> schema.ImportPreview:
    faults = [
        schema.TableFault(line=one.line, column=one.column, cell=one.cell, field=one.field, detail=one.detail)
        for one in bad.faults
    ]
    return schema.ImportPreview(
        faults=faults, created=0, updated=0, removed=0, unchanged=0, changes=[], gaps=[], preview=None
    )


def _time_text(deps: ConsoleDependencies, at: Instant) -> str:
    return f"{datetime.fromtimestamp(at / 1000, deps.site.zone):%Y-%m-%d %H:%M}"
