"""Messages to people: what a message is for, and its delivery to one person on one channel."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Instant


class DeliveryState(StrEnum):
    """The state of one delivery."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    DEAD = "dead"


MAX_ATTEMPTS = 5
"""Attempts after which others are called in place of a recipient. A critical call is tried on after them."""

NOT_FAILED = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.ACCEPTED,
    DeliveryState.DELIVERED,
)
"""The message may still be seen, or has been seen."""

REACHED = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
"""A provider has taken the message."""

POSSIBLY_SEEN = (DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
"""The person may have seen the message, and so must be notified who acknowledged the alert."""


class MessageKind(StrEnum):
    """What a message is for; only CALL_KINDS ask for an acknowledgement. Values are stored and name texts in the
    catalog."""

    ALERT = "alert"
    ESCALATE = "escalate"
    ADDED = "added"
    """A further danger joined: to the owner, or to those called who have not answered."""
    SUMMARY = "summary"
    """Replaces calls over a person's budget: how many are waiting, and the most severe."""
    ACKNOWLEDGED = "taken"
    RESOLVED = "clear"
    OVERDUE = "overdue"
    DIGEST = "digest"
    """The daily message about alerts that were only written to the logbook."""
    HINT = "hint"
    """Reply to a text that was not understood; without it the sender may believe he has acknowledged."""
    CODES = "codes"
    """Reply to an unknown code: lists the valid codes."""
    DETAILS = "details"
    """Reply to a question: title and address again."""
    STATUS = "status"
    """Reply to an action that is not possible now: the reason."""
    OWNED = "owned"
    """To the person who acknowledged: the codes for the next actions."""
    ARRIVED = "arrived"
    """To the owner on site: the code for dealt with."""
    DECLINED = "passed"
    """Confirms a refusal without a code: which alert it was applied to."""
    ASSIST = "assist"
    """Asks for help. Nothing of the escalation depends on the answer."""
    INFORM = "inform"
    """Tells, and asks nothing."""
    HELPING = "helping"
    """To a helper who accepted: the door, and the code for arrival."""
    HELPED = "helped"
    """To the others who were asked for help: somebody is on the way."""
    HANDOVER = "handover"
    """To the body to which an alert was returned: it takes it or gives it back."""
    LAPSED = "lapsed"
    """To the former owner: he is no longer responsible, and why."""
    SUPERVISE = "supervise"
    """To the supervisors: what is overdue and who owes it."""
    ORDER = "order"
    """To the owner: a supervisor orders that it be dealt with until a deadline."""
    VERIFY = "verify"
    """Asks a person other than the handler to verify."""
    VERIFY_STREET = "verify_street"
    """Asks a person of the street to verify a citizen's report after the community."""
    MERGED = "merged"
    """The alert continues as part of another one: who has it."""
    URGED = "urged"
    """To the owner: an outside system urges (催办)."""
    REALARM = "realarm"
    """Taken some time ago, and the device still reports the danger."""
    DISPOSITION = "disposition"
    """Asks the handler what it turned out to be."""
    REPORT_ANSWERED = "report_answered"
    """To a citizen who left a number: his report is answered."""
    SWAP_ASKED = "swap_asked"
    """A colleague asks to swap shifts: the link on which he agrees or declines."""
    SWAP_AGREED = "swap_agreed"
    SWAP_DECLINED = "swap_declined"
    SWAP_WITHDRAWN = "swap_withdrawn"
    COVER = "cover"
    """He works the turns of a colleague: registered by another person."""
    COVER_ENDED = "cover_ended"
    LEAVE = "leave"
    """His leave was registered by another person."""
    LEAVE_ENDED = "leave_ended"


CALL_KINDS = (MessageKind.ALERT, MessageKind.ESCALATE, MessageKind.HANDOVER)
DANGER_KINDS = (*CALL_KINDS, MessageKind.ADDED, MessageKind.SUMMARY)
"""Messages that notify a person of a danger."""

OVER_BUDGET = "budget"
"""Outcome code of a call that was replaced by a summary."""

SUPERSEDED = "superseded"
"""Outcome code of a reminder in whose place a later one is sent."""

COMBINED = "combined"
"""Outcome code of a notice that another text names."""

VERIFYING_KINDS = (MessageKind.VERIFY, MessageKind.VERIFY_STREET)
"""Requests to verify that a danger is over."""

COMPANION_KINDS = (MessageKind.ASSIST, MessageKind.INFORM)
"""Messages to those who are not responsible: they assist or are informed."""

PERSONAL_KINDS = (
    MessageKind.SWAP_ASKED,
    MessageKind.SWAP_AGREED,
    MessageKind.SWAP_DECLINED,
    MessageKind.SWAP_WITHDRAWN,
    MessageKind.COVER,
    MessageKind.COVER_ENDED,
    MessageKind.LEAVE,
    MessageKind.LEAVE_ENDED,
)
"""Messages that belong to a person and to no alert."""

FOLLOW_UP_KINDS = (
    MessageKind.ACKNOWLEDGED,
    MessageKind.RESOLVED,
    MessageKind.OVERDUE,
    MessageKind.INFORM,
    MessageKind.HELPED,
    MessageKind.SUPERVISE,
    MessageKind.VERIFY,
    MessageKind.VERIFY_STREET,
    MessageKind.URGED,
    MessageKind.MERGED,
    *PERSONAL_KINDS,
)
"""Messages about what others did. They are budgeted apart, so that calls never wait for them."""


class Delivery(Struct, frozen=True):
    """One message to one person on one channel: a row of the outbox. Field names are columns.

    `key` is the idempotency key, `ref` the id of the delivery whose card this one updates. Without an `alert` the
    message belongs to its person only (PERSONAL_KINDS).
    """

    id: str
    key: str
    alert: int | None
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
    template: str | None = None
    """Name of the template, for limits of a provider that count by template."""
    provider: str | None = None
    """The provider that carried it, or was asked last: a name of the channel's providers in site.yaml."""

    @property
    def alerts(self) -> list[int]:
        """Its alert, as a list; empty for a message that belongs to a person."""
        return [] if self.alert is None else [self.alert]

    @property
    def may_reach(self) -> bool:
        """Whether it reached its person or is expected to: not failed, and not only tried on after others were called
        in this person's place."""
        return self.state in REACHED or (self.state in NOT_FAILED and self.attempts < MAX_ATTEMPTS)
