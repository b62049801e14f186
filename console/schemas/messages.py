"""Schemas of device messages: readings, refusals, unregistered devices; and of the audit trail."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType, field

from console.schemas.references import Page, Schema, Value
from console.schemas.registry import Identity
from console.timestamps import Timestamp
from domain import Quality, RefusalReason
from store.refused_values import HistoryRefusalReason


class ReadingPoint(Schema, frozen=True, kw_only=True):
    """One value, exactly as the device sent it."""

    at: Timestamp
    quantity: str
    value: Value
    unit: str | None
    quality: Quality


class RollupPoint(Schema, frozen=True, kw_only=True):
    """One bucket. Of true and false `min` and `max` are 0 or 1, and `last` is the last; a text has `last` only."""

    at: Timestamp
    min: float | None
    mean: float | None
    max: float | None
    last: Value | UnsetType = UNSET


class QuantityRollup(Schema, frozen=True, kw_only=True):
    """The buckets of one quantity, ascending; buckets without a reading are left out."""

    quantity: str
    unit: str | None
    points: list[RollupPoint]


class RollupPage(Page[QuantityRollup], frozen=True, kw_only=True):
    """A device's quantities over a period, in buckets of `step_ms`."""

    from_: Timestamp = field(name="from")
    to: Timestamp
    step_ms: int


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


class HistoryRefusal(Schema, frozen=True, kw_only=True):
    """A value of a reading that the history server refused. `sentence`: what the server answered."""

    refused_at: Timestamp
    device: str
    quantity: str
    at: Timestamp
    value: str
    reason: HistoryRefusalReason
    sentence: str


class HistoryRefusalPage(Page[HistoryRefusal], frozen=True, kw_only=True):
    """A page of refused values. `summary`: numbers by reason, with those beyond the limit of a day."""

    summary: dict[str, int]


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
    """An entry of the audit trail: actor and action. `names`: of the people, users and tokens that it names by id."""

    at: Timestamp
    actor: str
    action: str
    detail: dict[str, Value | None]
    names: dict[str, str]
