"""What the figures of a period are computed from: one record per alert, per finding and per group of messages."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from domain import Instant


class CaseRecord(Struct, frozen=True, gc=False):
    """One alert and when it first reached each step of its handling. Instants in ms; None: not reached.

    `role` is that of the person who acknowledged it first. `resolved_at` and `closed_at` are empty again when the
    alert was reopened.
    """

    alert: int
    opened_at: Instant
    severity: str
    ledger: str
    hazard: str
    rule: str
    title: str
    device: str | None
    place: str | None
    state: str
    disposition: str | None
    exercise: bool
    source: str
    overdue: int
    role: str | None
    acknowledged_at: Instant | None
    arrived_at: Instant | None
    resolved_at: Instant | None
    closed_at: Instant | None


class FindingBegin(Struct, frozen=True, gc=False):
    """A finding that opened or joined an alert: one alarm in the terms of ISA-18.2."""

    at: Instant
    rule: str
    device: str | None
    disposition: str | None
    """Of its alert: a value of CaseDisposition, or None while nobody has decided."""


class DeliveryCount(Struct, frozen=True):
    """Number of messages with the same channel, provider, state and outcome code."""

    channel: str
    provider: str
    state: str
    code: str
    count: int


class PeriodFacts(Struct, frozen=True):
    """Everything of one period. `stale`: alerts that are active now and were opened more than 24 hours ago."""

    cases: Sequence[CaseRecord] = ()
    findings: Sequence[FindingBegin] = ()
    deliveries: Sequence[DeliveryCount] = ()
    stale: int = 0


def merge_delivery_counts(parts: Sequence[Sequence[DeliveryCount]]) -> tuple[DeliveryCount, ...]:
    """The counts of several periods added up, the largest first."""
    totals: dict[tuple[str, str, str, str], int] = {}
    for one in (row for part in parts for row in part):
        key = (one.channel, one.provider, one.state, one.code)
        totals[key] = totals.get(key, 0) + one.count
    merged = (DeliveryCount(*key, count) for key, count in totals.items())
    return tuple(sorted(merged, key=lambda row: (-row.count, row.channel, row.provider, row.state, row.code)))
