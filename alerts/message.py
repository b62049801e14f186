"""Messages to people: what one is for, and its delivery to one person on one channel."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Instant


class DeliveryState(StrEnum):
    """The life of one message to one person on one channel (facts/notifications.md 3.2)."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    DEAD = "dead"


NOT_FAILED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.ACCEPTED,
    DeliveryState.DELIVERED,
)
"""States in which a message may still be, or has been, read by its person."""

POSSIBLY_SEEN = (DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
"""States in which a person may have seen the message: he must also hear who took it."""


class MessageKind(StrEnum):
    """What a message is for. Only `alert` and `escalate` ask for an answer."""

    ALERT = "alert"
    ESCALATE = "escalate"
    ADDED = "added"
    """A further danger joined the alert: for its owner, or for those who were called and have not answered."""
    SUMMARY = "summary"
    """In place of calls over a person's budget: how many wait, and the worst of them."""
    ACKNOWLEDGED = "taken"
    RESOLVED = "clear"
    OVERDUE = "overdue"
    DIGEST = "digest"
    """Many small things in one message, once a day."""
    HINT = "hint"
    """His answer could not be understood: silence would leave him thinking that he took it."""
    CODES = "codes"
    """The code he wrote stands for no alert of his: which do."""
    DETAILS = "details"
    """He asked about it: what and where, again."""
    STATUS = "status"
    """His answer changed nothing: why."""
    OWNED = "owned"
    """To the one who took it: the codes for what he does next."""
    ARRIVED = "arrived"
    """To the one who took it, on site: the code for dealt with."""
    DECLINED = "passed"
    """His refusal was understood without a code: of which alert."""


CALL_KINDS = (MessageKind.ALERT, MessageKind.ESCALATE)
DANGER_KINDS = (MessageKind.ALERT, MessageKind.ESCALATE, MessageKind.ADDED, MessageKind.SUMMARY)
"""Messages by which a person learns of a danger."""

OVER_BUDGET = "budget"
"""The code of a call that was not sent singly: a summary tells of it."""

FOLLOW_UP_KINDS = (MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED, MessageKind.OVERDUE)
"""Messages about what people do. They have a budget of their own, so that calls never wait for them."""


class Delivery(Struct, frozen=True):
    """One text for one person on one channel. `key` is what makes it happen once; `ref` names a card it updates."""

    id: str
    key: str
    alert: int
    round: int
    rung: int
    person: str
    name: str
    role: str
    channel: str
    kind: MessageKind
    priority: int
    address: str
    payload: dict[str, object]
    created_at: Instant
    not_before: Instant
    expires_at: Instant
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    lease_until: Instant | None = None
    provider_id: str | None = None
    handle: str | None = None
    ref: str | None = None
    outcome: str | None = None
    code: str | None = None
    sent_at: Instant | None = None
    receipt_at: Instant | None = None
