"""Refused messages that can be replayed through the decoder."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, update

from domain import Instant, RefusalReason
from store.database.refusals.refusals import EVERY_REFUSAL, RefusalFilter, StoredRefusal, filtered_query, stored_refusal
from store.database.refusals.tables import refusals

FULLY_REFUSED = (
    RefusalReason.UNKNOWN_DEVICE,
    RefusalReason.BAD_PAYLOAD,
    RefusalReason.BAD_CHECKSUM,
    RefusalReason.NO_CODEC,
    RefusalReason.CODEC_FAILED,
    RefusalReason.NO_MAPPING,
)
"""Reasons for which no value of the message was used. With other reasons its good values are readings already."""


def list_replayable(
    tx: Connection, limit: int, filters: RefusalFilter = EVERY_REFUSAL, after: int = 0
) -> list[StoredRefusal]:
    """Fully refused messages that were not replayed yet, oldest first, with numbers above `after`."""
    query = filtered_query(filters).where(
        refusals.c.n > after,
        refusals.c.replayed_at.is_(None),
        refusals.c.reason.in_([cause.value for cause in FULLY_REFUSED]),
    )
    return [stored_refusal(row) for row in tx.execute(query.order_by(refusals.c.n).limit(limit))]


def mark_replayed(tx: Connection, batch: Sequence[StoredRefusal], at: Instant) -> None:
    """Mark these as replayed. One that was refused again meanwhile has another journal position and is not marked."""
    for stored in batch:
        same = (refusals.c.n == stored.n) & (refusals.c.lane == stored.lane.value) & (refusals.c.pos == stored.pos)
        tx.execute(update(refusals).where(same).values(replayed_at=at))
