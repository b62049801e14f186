"""Refusals with a future: strangers that may be claimed, and messages that may be tried again. It decides neither."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, case, func, select, update

from domain import Instant, Reason
from store.ledger.refusals import Kept, filtered, kept
from store.ledger.rows import chunks
from store.ledger.tables_system import refusals

WHOLE = (
    Reason.UNKNOWN_DEVICE,
    Reason.BAD_PAYLOAD,
    Reason.BAD_CHECKSUM,
    Reason.NO_CODEC,
    Reason.CODEC_FAILED,
    Reason.NO_MAPPING,
)
"""Reasons for which nothing of the message was read. With the others, its good values are readings already."""


class Stranger(Struct, frozen=True):
    """A device that speaks and is not registered: claim it by registering one with this identity."""

    platform: str
    identity: str
    proposed_kind: str | None
    messages: int
    first_at: Instant
    last_at: Instant
    danger: bool


def untried(
    tx: Connection,
    limit: int,
    *,
    source: str | None = None,
    reason: Reason | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[Kept]:
    """Refused whole and not tried again yet, the oldest first."""
    query = filtered(source, reason, since, until).where(
        refusals.c.replayed_at.is_(None), refusals.c.reason.in_([one.value for one in WHOLE])
    )
    return [kept(row) for row in tx.execute(query.order_by(refusals.c.at, refusals.c.n).limit(limit))]


def tried(tx: Connection, numbers: Sequence[int], at: Instant) -> None:
    """Note that these were given another try."""
    for some in chunks(numbers):
        tx.execute(update(refusals).where(refusals.c.n.in_(some)).values(replayed_at=at))


def strangers(tx: Connection, limit: int) -> list[Stranger]:
    """Who speaks and is not registered, whoever bears a danger first, then the latest heard."""
    danger, last = func.max(case((refusals.c.danger, 1), else_=0)), func.max(refusals.c.at)
    query = (
        select(
            refusals.c.platform,
            refusals.c.identity,
            func.max(refusals.c.proposed_kind),
            func.count(),
            func.min(refusals.c.at),
            last,
            danger,
        )
        .where(refusals.c.reason == Reason.UNKNOWN_DEVICE.value, refusals.c.identity.is_not(None))
        .group_by(refusals.c.platform, refusals.c.identity)
        .order_by(danger.desc(), last.desc())
        .limit(limit)
    )
    return [
        Stranger(platform, identity, kind, int(messages), int(first), int(latest), bool(dangerous))
        for platform, identity, kind, messages, first, latest, dangerous in tx.execute(query)
    ]
