"""What people own: an Alert, and the Entries of its story."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Evidence, Instant, Ledger, Severity, Subject


class State(StrEnum):
    """Where an alert stands (contract of the HTTP API)."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ON_SITE = "on_site"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    CLOSED = "closed"
    RETURNED = "returned"
    SHELVED = "shelved"


ACTIVE_STATES = (State.OPEN, State.ACKNOWLEDGED, State.ON_SITE, State.RETURNED, State.SHELVED)
"""States in which the danger is not yet dealt with: further findings join these, and only these."""

UNACKNOWLEDGED_STATES = (State.OPEN, State.RETURNED)
"""States in which nobody is on it: the ladder climbs."""

OWNED_STATES = (State.ACKNOWLEDGED, State.ON_SITE)
"""States in which a named person is on it."""

SETTLED_STATES = (State.RESOLVED, State.VERIFIED, State.CLOSED)
"""States in which people have said that the danger is dealt with."""


class ResponseSource(StrEnum):
    """Which way an answer came in. It is written into the timeline, because the ways differ in what they prove."""

    SCREEN = "screen"
    SMS = "sms"
    WECOM = "wecom"
    VOICE = "voice"
    API = "api"
    SYSTEM = "system"


class Actor(Struct, frozen=True):
    """A named person who does something to an alert."""

    id: str
    name: str
    via: ResponseSource
    role: str = ""
    on_behalf: bool = False
    """Somebody else said so for this person, who must be told."""


SYSTEM = Actor(id="system", name="系统", via=ResponseSource.SYSTEM, role="system")


class EscalationCause(StrEnum):
    """Why the next rung is called."""

    UNANSWERED = "unanswered"
    DECLINED = "declined"
    RETURNED = "returned"
    NOT_ARRIVED = "not_arrived"
    UNREACHABLE = "unreachable"


class EscalationReason(Struct, frozen=True):
    """Why the ladder climbed last: `name` is the person concerned, `note` what that person gave as a reason."""

    cause: EscalationCause
    name: str = ""
    note: str = ""


UNANSWERED = EscalationReason(EscalationCause.UNANSWERED)


class Alert(Struct, frozen=True):
    """One alert. `round` counts how often the ladder began anew, `rung` how far it has climbed in this round.

    `climb_at` is when the ladder climbs next (nobody is on it), `due_at` the deadline of the present state.
    `state_since` is when the present state began; `updated_at` changes with everything that happens to the alert.
    `started_at` is when the first finding began, `danger_at` when the finding did that title and severity come from;
    `ladder_rule` is that finding's rule, whose ladder is in force.
    """

    id: int
    rule: str
    title: str
    hazard: str
    severity: Severity
    ledger: Ledger
    subject: Subject
    started_at: Instant
    opened_at: Instant
    updated_at: Instant
    state_since: Instant
    danger_at: Instant
    ladder_rule: str
    state: State = State.OPEN
    device: str | None = None
    place: str | None = None
    building: str | None = None
    cell: str | None = None
    address: str = ""
    advice: str = ""
    evidence: tuple[Evidence, ...] = ()
    late_ms: int = 0
    stale: bool = False
    recovered_at: Instant | None = None
    owner: str | None = None
    owner_name: str | None = None
    taken_at: Instant | None = None
    handler: str | None = None
    passed: tuple[str, ...] = ()
    round: int = 0
    rung: int = -1
    climb_at: Instant | None = None
    due_at: Instant | None = None
    joined: int = 0
    doors: tuple[str, ...] = ()
    """Addresses of what joined from elsewhere, in order; `address` is not among them."""
    escalation: EscalationReason = UNANSWERED

    @property
    def wake_at(self) -> Instant | None:
        """When something happens by itself: the ladder climbs while nobody is on it, else the deadline passes."""
        return self.climb_at if self.state in UNACKNOWLEDGED_STATES else self.due_at


def has_no_next_step(alert: Alert) -> bool:
    """True when an alert that is not dealt with has no next step: the auditor's question. It must never be true."""
    return alert.state in ACTIVE_STATES and alert.wake_at is None


class TimelineEntry(Struct, frozen=True):
    """One line of an alert's story, in the words of the people who read it."""

    alert: int
    at: Instant
    kind: str
    text: str
    person: str | None = None
    channel: str | None = None
    state: str | None = None
    delivery: str | None = None
