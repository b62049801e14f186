"""Messages of devices: readings, what was refused and why, who may be claimed; and the audit trail."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from console.schemas.parts import Page, Schema, Value
from console.schemas.registry import Identity
from console.timestamps import Timestamp
from domain import Quality, Reason


class ReadingPoint(Schema, frozen=True, kw_only=True):
    """One value, exactly as it was sent."""

    at: Timestamp
    quantity: str
    value: Value
    unit: str | None
    quality: Quality


class PushResult(Schema, frozen=True, kw_only=True):
    """How many messages of a push are in the journal."""

    accepted: int


class ReplayResult(Schema, frozen=True, kw_only=True):
    """How many refused messages were tried again."""

    replayed: int


class RefusalCount(Schema, frozen=True, kw_only=True):
    """Refusals of one source for one reason: kept singly, and beyond the hour's limit only counted."""

    source: str
    reason: Reason
    kept: int
    counted: int


class RefusalSummary(Schema, frozen=True, kw_only=True):
    """What was refused in all."""

    kept: int
    counted: int
    by: list[RefusalCount]


class Refusal(Schema, frozen=True, kw_only=True):
    """A message that became no reading. Its bytes are shown only to who sees residents' names."""

    id: str
    at: Timestamp
    source: str
    topic: str
    reason: Reason
    detail: str
    platform: str | None
    identity: str | None
    danger: bool
    proposed_kind: str | None
    payload: str | UnsetType = UNSET
    payload_encoding: Literal["text", "base64"] | UnsetType = UNSET
    payload_bytes: int | UnsetType = UNSET


class RefusalPage(Page[Refusal], frozen=True, kw_only=True):
    """Refused messages that were kept, and how many there were in all."""

    summary: RefusalSummary


class UnregisteredDevice(Schema, frozen=True, kw_only=True):
    """A device to claim. `at_least`: beyond what was kept, more of its messages were only counted.

    `obstacle` is what keeps it from being heard or read then: a topic that no filter covers, a missing codec.
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
    """Devices to claim, and what was refused of unknown devices in all."""

    summary: RefusalSummary


class UnmappedField(Schema, frozen=True, kw_only=True):
    """A field that devices send and no mapping takes."""

    platform: str
    kind: str
    field: str
    count: int


class AuditEntry(Schema, frozen=True, kw_only=True):
    """Who did what."""

    at: Timestamp
    actor: str
    action: str
    detail: dict[str, Value | None]
