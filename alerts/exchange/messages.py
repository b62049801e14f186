"""Values of the exchange: what changed, the event made of it, and its message to each target. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from alerts.alert import Alert
from domain import Finding, Instant

SYSTEM_PREFIX: Final = "system:"
"""Before the id of an outside system, as the target of messages and as the actor of a step."""


class AlertChange(Struct, frozen=True):
    """An alert before and after one transaction; `before` is None when the transaction opened it."""

    before: Alert | None
    after: Alert


class Changes(Struct, frozen=True):
    """What one transaction changed: alerts in order of their first change, findings in order of recording."""

    alerts: tuple[AlertChange, ...] = ()
    findings: tuple[Finding, ...] = ()


class NewEvent(Struct, frozen=True):
    """An event to store, and whom it is sent to. Events of one subject are sent in order."""

    type: str
    subject: str
    alert: int | None
    at: Instant
    data: dict[str, Any]
    targets: tuple[str, ...]


class StoredEvent(Struct, frozen=True):
    """A stored event. `n` never repeats and grows: it is the sequence by which receivers order events."""

    n: int
    type: str
    subject: str
    alert: int | None
    at: Instant
    data: dict[str, Any]


class MessageState(StrEnum):
    """The state of an event's message to one target. Values are stored."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up: listed until a person has it sent again."""


class Failure(StrEnum):
    """Why a message was not accepted. Values are stored and are part of the API; the sentences are in the console."""

    CONNECTION = "connection"
    """No connection to the address."""
    TIMEOUT = "timeout"
    """No answer in time."""
    TLS = "tls"
    """Their certificate is not accepted, or no encrypted connection is possible."""
    ADDRESS = "address"
    """The address is not one that messages may be sent to."""
    ACCESS = "access"
    """They do not accept our signature or token (HTTP 401, 403)."""
    NOT_FOUND = "not_found"
    """There is no interface at the address (HTTP 404, 405, 410), or it has moved (3xx)."""
    RATE = "rate"
    """They accept no more for now (HTTP 429)."""
    SERVER = "server"
    """A fault on their side (HTTP 5xx)."""
    REFUSED = "refused"
    """They understood it and do not accept it: another HTTP 4xx, or the code of their answer."""
    CONTENT = "content"
    """The message could not be written down in their words: a fault of ours or of the mapping."""
    UNCONFIGURED = "unconfigured"
    """The target is no longer configured."""
    NOT_FETCHED = "not_fetched"
    """The system fetches its messages, and did not in time."""
    OTHER = "other"


class OutgoingMessage(Struct, frozen=True):
    """One event on its way to one target. `status` is the last HTTP status, `error` the reason of the last failure."""

    n: int
    event: StoredEvent
    target: str
    state: MessageState
    attempts: int
    created_at: Instant
    not_before: Instant
    settled_at: Instant | None = None
    status: int | None = None
    error: str = ""
    failure: Failure | None = None


class TargetStatus(Struct, frozen=True):
    """What is known about a target: since when every request to it fails, and what is waiting."""

    id: str
    failing_since: Instant | None = None
    last_success_at: Instant | None = None
    last_error: str = ""
    pending: int = 0
    dead: int = 0
    oldest_pending_at: Instant | None = None


class Direction(StrEnum):
    """Who opened a linked case. Values are stored."""

    IN = "in"
    """The outside system sent it to us."""
    OUT = "out"
    """We handed it over to the outside system."""


class CaseLink(Struct, frozen=True):
    """An alert under its number in an outside system.

    `external_id` is their number for a case of theirs, ours for one that we handed over; then `their_id` is the number
    they gave it. `state` is the last state that either side reported, in their words; `their_version` orders their
    events. `digest` identifies the content, `fields` what they sent that we show, without personal data in clear.
    """

    system: str
    external_id: str
    alert: int
    direction: Direction
    digest: str
    opened_at: Instant
    updated_at: Instant
    fields: dict[str, Any] = {}
    their_id: str | None = None
    their_deadline: Instant | None = None
    state: str = ""
    their_version: int = 0


class ReceivedOutcome(StrEnum):
    """What became of an event that an outside system sent. Values are stored and are part of the API."""

    APPLIED = "applied"
    NOTED = "noted"
    """Written into the timeline; the alert's state is for people to change."""
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    """Older than an event that was received before."""
    NOT_POSSIBLE = "not_possible"
    """The state of the alert does not allow it; the detail says why."""


class ReceivedEvent(Struct, frozen=True):
    """An event of an outside system, and what became of it."""

    system: str
    event_id: str
    external_id: str
    state: str
    version: int
    received_at: Instant
    outcome: ReceivedOutcome
    detail: str = ""


class PushOutcome(StrEnum):
    """What a push of a case did."""

    OPENED = "opened"
    REPEATED = "repeated"
    UPDATED = "updated"


class PushResult(Struct, frozen=True):
    """The answer to a push of a case."""

    outcome: PushOutcome
    link: CaseLink
