"""Refused messages that may be tried again. It does not decide which."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from domain import Instant, Reason
from store.database.refusals.refusals import StoredRefusal, filtered_query, stored_refusal
from store.database.system.tables import refusals

FULLY_REFUSED = (
    Reason.UNKNOWN_DEVICE,
    Reason.BAD_PAYLOAD,
    Reason.BAD_CHECKSUM,
    Reason.NO_CODEC,
    Reason.CODEC_FAILED,
    Reason.NO_MAPPING,
)
"""Reasons for which nothing of the message was read. With the others, its good values are readings already."""


def list_replayable(
    tx: Connection,
    limit: int,
    *,
    source: str | None = None,
    reason: Reason | None = None,
    identity: str | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    after: int = 0,
) -> list[StoredRefusal]:
    """Refused whole and not tried again yet, the first kept first, beyond the number `after`."""
    query = filtered_query(source, reason, since, until, identity).where(
        refusals.c.n > after,
        refusals.c.replayed_at.is_(None),
        refusals.c.reason.in_([why.value for why in FULLY_REFUSED]),
    )
    return [stored_refusal(row) for row in tx.execute(query.order_by(refusals.c.n).limit(limit))]


def mark_replayed(tx: Connection, found: Sequence[StoredRefusal], at: Instant) -> None:
    """Note that these were given another try. One that was refused again meanwhile stands elsewhere in the journal."""
    for one in found:
        still = (refusals.c.n == one.n) & (refusals.c.lane == one.lane.value) & (refusals.c.pos == one.pos)
        tx.execute(update(refusals).where(still).values(replayed_at=at))
