"""Writes reads of personal data to the audit trail: who read whose phone number or health data, and when."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from console.dependencies import ConsoleDependencies
from console.security.auth import Principal
from domain import Attribute
from store.database.system import audit
from store.errors import CannotWrite

log = logging.getLogger(__name__)

ACTION: Final = "personal data read"
PEOPLE_MAX: Final = 200
"""Ids in one entry; a longer list is several entries."""


async def record_photo_read(deps: ConsoleDependencies, user: Principal, alert: str) -> None:
    """Write that photos of an alert were shown: they show homes and people. Once in ten minutes for each alert."""
    reader, now = user.person or user.token, deps.clock()
    if not deps.security.personal_reads.unrecorded(f"{reader} photos", [alert], now):
        return
    detail = {"alert": alert, "fields": "photos"}
    try:
        await deps.database.write(lambda tx: audit.record(tx, now, reader, ACTION, detail))
    except CannotWrite:
        log.exception("a read of photos not written to the audit trail", extra={"reader": reader, "alert": alert})


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

    try:
        await deps.database.write(work)
    except CannotWrite:
        log.exception(
            "reads of personal data not written to the audit trail", extra={"reader": reader, "reads": details}
        )
