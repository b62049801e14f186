"""Schemas of device messages: readings, refusals, unregistered devices; and of the audit trail."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from console.schemas.references import Page, Schema, Value
from console.schemas.registry import Identity
from console.timestamps import Timestamp
from domain import Quality, RefusalReason


class ReadingPoint(Schema, frozen=True, kw_only=True):
    """One value, exactly as the device sent it."""

    at: Timestamp
    quantity: str
    value: Value
    unit: str | None
    quality: Quality


class PushResult(Schema, frozen=True, kw_only=True):
    """Number of pushed messages that were written to the journal."""

    accepted: int


class ReplayResult(Schema, frozen=True, kw_only=True):
    """Number of refused messages that were processed again."""

    replayed: int


class RefusalCount(Schema, frozen=True, kw_only=True):
    """Refusals of one source for one reason: stored, and beyond the hourly limit only counted."""

    source: str
    reason: RefusalReason
    kept: int
    counted: int


class RefusalSummary(Schema, frozen=True, kw_only=True):
    """Total of refused messages."""

    kept: int
    counted: int
    by: list[RefusalCount]


class Refusal(Schema, frozen=True, kw_only=True):
    """A message that became no reading. Its payload is shown only to users who see residents' names."""

    id: str
    at: Timestamp
    source: str
    topic: str
    reason: RefusalReason
    detail: str
    platform: str | None
    identity: str | None
    danger: bool
    proposed_kind: str | None
    payload: str | UnsetType = UNSET
    payload_encoding: Literal["text", "base64"] | UnsetType = UNSET
    payload_bytes: int | UnsetType = UNSET


class RefusalPage(Page[Refusal], frozen=True, kw_only=True):
    """A page of stored refusals, and the totals."""

    summary: RefusalSummary


class UnregisteredDevice(Schema, frozen=True, kw_only=True):
    """A device that sends and is not registered. `at_least`: more of its messages were counted but not stored.

    `obstacle`: why it would not be received or decoded once registered: a topic outside all filters, a missing codec.
    """

    platform: str
    identity: str
    proposed_kind: str | None
    messages: int
    first_at: Timestamp
    last_at: Timestamp
    danger: bool
    identities: list[Identity]
    vendor: str | None
    model: str | None
    name: str | None
    obstacle: str | None
    at_least: bool


class UnregisteredDevicePage(Page[UnregisteredDevice], frozen=True, kw_only=True):
    """Unregistered devices, and the totals of refusals of unknown devices."""

    summary: RefusalSummary


class UnmappedField(Schema, frozen=True, kw_only=True):
    """A field that devices send and no mapping uses."""

    platform: str
    kind: str
    field: str
    count: int


class AuditEntry(Schema, frozen=True, kw_only=True):
    """An entry of the audit trail: actor and action."""

    at: Timestamp
    actor: str
    action: str
    detail: dict[str, Value | None]
