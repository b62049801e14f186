"""Writes reads of personal data to the audit trail: who read whose phone number or health data, and when.

A read of one person names him. Lists and streams are gathered by reader, endpoint and minute (decision 0101); their
routes have `dependencies=[gathered_reads("...")]`. Every route that can give personal data says so, for the document
and its tests: these, and those with `dependencies=[personal_reads("...")]`, whose endpoints write the read themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import Depends, Request

from console.dependencies import ConsoleDependencies
from console.http.requests import Deps
from console.http.requirements import CurrentUser
from console.security.auth import Principal
from console.security.gathered_reads import GatheredRow
from console.security.masking import mask_text
from domain import Attribute, Device, Subject
from store.database.system import audit
from store.errors import CannotWrite

log = logging.getLogger(__name__)

ACTION: Final = "personal data read"
LIST_ACTION: Final = "personal data listed"
PEOPLE_MAX: Final = 200
"""Ids in one entry; a longer list is several entries."""
ALERT_FIELDS: Final = "address, health, text"
"""Of an alert in lists and events: the door, measured values of a wristband, what a resident wrote."""
STREAM: Final = "GET /api/v1/stream"
QUERY_MAX: Final = 200
"""Characters of a query in an entry."""


class PersonalReads:
    """A dependency of a route: it can give these fields of people, and its endpoint writes whose were given."""

    def __init__(self, fields: str) -> None:
        self.personal_fields = fields

    async def __call__(self) -> None:
        """Nothing: the endpoint knows whose data it gives."""


class GatheredReads(PersonalReads):
    """A dependency of a route: a read by somebody to whom nothing is masked is counted."""

    async def __call__(self, request: Request, deps: Deps, user: CurrentUser) -> None:  # type: ignore[override]
        if user.sees_names:
            query = mask_text(request.url.query)[:QUERY_MAX]
            endpoint = f"{request.method} {request.url.path}"
            await record_gathered_read(deps, user, endpoint, self.personal_fields, query)


def personal_reads(fields: str) -> Any:
    """For `dependencies=` of a route whose endpoint calls `record_personal_reads`."""
    return Depends(PersonalReads(fields))


def gathered_reads(fields: str) -> Any:
    """For `dependencies=` of a route whose reads are gathered."""
    return Depends(GatheredReads(fields))


async def record_gathered_read(
    deps: ConsoleDependencies, user: Principal, endpoint: str, fields: str, query: str
) -> None:
    """Count a read of a list; its first of a minute is written before the list is shown."""
    gathered = deps.security.gathered_reads
    await _write_rows(deps, gathered.add(user.person or user.token, endpoint, fields, query, deps.clock()))


async def record_streamed(deps: ConsoleDependencies, user: Principal, fields: str, events: int) -> None:
    """Count events of an open stream; the first of an hour is written before it is sent."""
    if user.sees_names:
        reader, stream_reads = user.person or user.token, deps.security.stream_reads
        await _write_rows(deps, stream_reads.add(reader, STREAM, fields, "", deps.clock(), events))


async def write_gathered(deps: ConsoleDependencies, *, all_open: bool = False) -> None:
    """Write the rows of windows that are over; `all_open`: of all, because the service ends."""
    now, security = deps.clock(), deps.security
    for gathered in (security.gathered_reads, security.stream_reads):
        await _write_rows(deps, gathered.all_open() if all_open else gathered.ended(now))


async def _write_rows(deps: ConsoleDependencies, rows: Sequence[GatheredRow]) -> None:
    if not rows:
        return
    details: list[dict[str, Attribute | None]] = [
        {"endpoint": row.endpoint, "fields": row.fields, "count": row.reads, "query": " ".join(row.queries)}
        for row in rows
    ]

    def work(tx: Any) -> None:
        for row, detail in zip(rows, details, strict=True):
            audit.record(tx, row.begin, row.reader, LIST_ACTION, detail)

    await _write(deps, work, details)


async def record_photo_read(deps: ConsoleDependencies, user: Principal, alert: str) -> None:
    """Write that photos of an alert were shown: they show homes and people. Once in ten minutes for each alert."""
    reader, now = user.person or user.token, deps.clock()
    if not deps.security.personal_reads.unrecorded(f"{reader} photos", [alert], now):
        return
    detail = {"alert": alert, "fields": "photos"}
    await _write(deps, lambda tx: audit.record(tx, now, reader, ACTION, detail), [detail])


async def record_bearer_read(deps: ConsoleDependencies, user: Principal, device: Device) -> None:
    """Write that what a device measures of a person was shown: of its bearer, or of those at home where it is worn."""
    community, kind = deps.registry.community(), deps.registry.kinds.get(device.kind)
    bearer = community.bearer_of(device)
    if bearer is not None or (kind is not None and kind.is_worn):
        people = community.concerned(Subject("device", device.id), device, community.place_of(device))
        await record_personal_reads(deps, user, [one.id for one in people], "health", {"device": device.id})


async def record_personal_reads(
    deps: ConsoleDependencies,
    user: Principal,
    people: Iterable[str],
    fields: str,
    more: Mapping[str, Attribute | None] | None = None,
) -> None:
    """Write that these people's `fields` (phone, health) were shown unmasked, before they are shown.

    With a disk that cannot be written the data is shown all the same, and the log has the entry: a helper at the door
    must read that somebody cannot walk.
    """
    reader, now = user.person or user.token, deps.clock()
    # Whose health was read is recorded again when the phone number is.
    new = deps.security.personal_reads.unrecorded(f"{reader} {fields}", people, now)
    details = [
        {"people": " ".join(new[start : start + PEOPLE_MAX]), "fields": fields, **(more or {})}
        for start in range(0, len(new), PEOPLE_MAX)
    ]
    if not details:
        return

    def work(tx: Any) -> None:
        for detail in details:
            audit.record(tx, now, reader, ACTION, detail)

    await _write(deps, work, details)


async def _write(deps: ConsoleDependencies, work: Any, details: Sequence[Mapping[str, Any]]) -> None:
    try:
        await deps.database.write(work)
    except CannotWrite:
        log.exception("reads of personal data not written to the audit trail", extra={"reads": list(details)})
