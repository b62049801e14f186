"""The alert as a value: its states, the people who act on it, and the entries of its timeline."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Evidence, Instant, Ledger, Severity, Subject


class State(StrEnum):
    """The state of an alert (contract of the HTTP API)."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ON_SITE = "on_site"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    CLOSED = "closed"
    RETURNED = "returned"
    SHELVED = "shelved"


ACTIVE_STATES = (State.OPEN, State.ACKNOWLEDGED, State.ON_SITE, State.RETURNED, State.SHELVED)
"""Not yet dealt with. Findings join alerts in these states only."""

UNACKNOWLEDGED_STATES = (State.OPEN, State.RETURNED)
"""Nobody has acknowledged it: it escalates."""

OWNED_STATES = (State.ACKNOWLEDGED, State.ON_SITE)
"""A named person is responsible."""

SETTLED_STATES = (State.RESOLVED, State.VERIFIED, State.CLOSED)
"""A person reported it as dealt with."""


class ResponseSource(StrEnum):
    """How a response arrived. Stored in the timeline, because the ways differ in what they prove."""

    SCREEN = "screen"
    SMS = "sms"
    WECOM = "wecom"
    VOICE = "voice"
    API = "api"
    SYSTEM = "system"


class Actor(Struct, frozen=True):
    """A person who acts on an alert."""

    id: str
    name: str
    via: ResponseSource
    role: str = ""
    on_behalf: bool = False
    """Reported by another person on behalf of this one, who must be notified."""
    principal: str = ""
    """Id of the token or login that performed it; empty where the way itself proves the person (a phone, WeCom)."""

    @property
    def performer(self) -> str:
        """Who performed it: the principal, else the person."""
        return self.principal or self.id


SYSTEM = Actor(id="system", name="系统", via=ResponseSource.SYSTEM, role="system")


class AlertSource(StrEnum):
    """Where an alert comes from. Values are stored and are the API field `source`."""

    DEVICE = "device"
    REPORT = "report"
    MANUAL = "manual"
    EXTERNAL = "external"
    EXERCISE = "exercise"
    SYSTEM = "system"


CANARY_RULE = "canary-beat"
"""The rule of the daily self-test: its alerts are exercises whose source is the system."""


class CaseDisposition(StrEnum):
    """What an alert turned out to be (处置结论). Values are stored and are the API field `disposition`."""

    REAL = "real"
    FALSE_ALARM = "false_alarm"
    TEST = "test"
    DEVICE_FAULT = "device_fault"
    PRANK = "prank"


class EscalationCause(StrEnum):
    """Why the next rung is notified."""

    UNANSWERED = "unanswered"
    DECLINED = "declined"
    RETURNED = "returned"
    NOT_ARRIVED = "not_arrived"
    UNREACHABLE = "unreachable"
    HANDED_BACK = "handed_back"
    """The body it was returned to gave it back; `note` is its reason."""
    NO_ANSWER = "no_answer"
    """The body it was returned to did not answer in time."""
    MORE_NEEDED = "more_needed"
    """A person is on it, and more are needed: `name` is how many."""


class EscalationReason(Struct, frozen=True):
    """Why the alert escalated last: `name` is the person concerned, `note` the reason that person gave."""

    cause: EscalationCause
    name: str = ""
    note: str = ""


UNANSWERED = EscalationReason(EscalationCause.UNANSWERED)


class Helper(Struct, frozen=True):
    """A person who was asked to assist and answered: accepted, unless `declined_at` is set."""

    person: str
    name: str
    role: str
    at: Instant
    arrived_at: Instant | None = None
    declined_at: Instant | None = None


class Responder(Struct, frozen=True):
    """A responsible person who is on it."""

    person: str
    name: str
    at: Instant


class SecondCheck(Struct, frozen=True):
    """The verification of a citizen's report by the street. Without `since` the community's, before it, is missing.

    `excluded`: who handled it and who verified it first, persons and principals. `verifier` was asked last, `ask_at` is
    when the next one is asked, `due_at` the deadline; verified `by` a person `at` an instant.
    """

    since: Instant | None = None
    excluded: tuple[str, ...] = ()
    verifier: str | None = None
    ask_at: Instant | None = None
    due_at: Instant | None = None
    by: str | None = None
    at: Instant | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the street has to verify now."""
        return self.since is not None and self.at is None

    @property
    def wake_at(self) -> Instant | None:
        return min((at for at in (self.ask_at, self.due_at) if at is not None), default=None)


class Alert(Struct, frozen=True):
    """One alert. Field names are columns of the ledger.

    `round` counts restarts of the escalation, `rung` is the highest rung notified in this round (-1: none), `climb_at`
    the time of the next escalation while nobody is responsible, `passed` who declined. `due_at` is the deadline of the
    present state, `state_since` when that state began; `updated_at` changes with every event.
    `started_at` is when the first finding began, `danger_at` when the finding began that title and severity come from;
    `ladder_rule` is that finding's rule, which selects the ladder. All times are instants in ms.
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
    """Addresses of other findings that joined, in order of arrival; `address` is not among them."""
    escalation: EscalationReason = UNANSWERED
    source: str = AlertSource.DEVICE.value
    exercise: bool = False
    """Of a drill: nothing of it reaches residents, family, volunteers or outside bodies."""
    returned_to: str | None = None
    """While returned to a chosen body: the role, the person's id or the outside system's id."""
    returns: int = 0
    """How often the alert was handed to a chosen body."""
    disposition: str | None = None
    """A CaseDisposition, from the person who resolved or closed it."""
    merged_into: int | None = None
    """The alert that took over this one's findings; then this one is closed."""
    handler_principal: str | None = None
    """The principal that reported it as dealt with; it cannot verify."""
    verifier: str | None = None
    """The person asked last to verify."""
    shelvings: int = 0
    """How often a person shelved it."""
    overdue_since: Instant | None = None
    """When the first of its deadlines passed that is still owed; None when nothing is overdue."""
    overdue_what: str = ""
    """What is overdue: a name of alerts/lifecycle/reminders.py; `answer` is owed by the body it was returned to."""
    overdue_count: int = 0
    """How many deadlines passed since the alert was opened."""
    supervise_at: Instant | None = None
    """When the supervisors are told next of what is overdue."""
    order_until: Instant | None = None
    """The deadline of a supervision order."""
    verify_at: Instant | None = None
    """When the next person is asked to verify."""
    realarm_at: Instant | None = None
    """When an owned alert whose device still reports the danger is told again (ISA-18.2: re-alarm)."""
    silence: int | None = None
    """The notify-only silence under which it was opened."""
    description: str = ""
    """What the person who opened it wrote. Empty for devices, which have evidence."""
    reference: str | None = None
    """Number of the case elsewhere: of the citizen's report, or in an outside system."""
    case_key: str | None = None
    """Idempotency key of the request that opened it."""
    helpers: tuple[Helper, ...] = ()
    """Who answered a request to assist, in order of the first answer."""
    people_needed: int = 1
    """So many responsible people must be on it before the calls stop; the ladder's number."""
    responders: tuple[Responder, ...] = ()
    """The responsible people who are on it, in order of acknowledgement; the first is the owner."""
    vulnerability: int = 0
    """How much the people concerned depend on help, computed at the opening; sorts alerts of equal severity."""
    second_check: SecondCheck | None = None
    """Of citizens' reports, and of alerts that such reports were merged into."""
    vulnerable: str = ""
    """The reasons of `vulnerability`, in the language of the workers."""

    @property
    def helping(self) -> tuple[Helper, ...]:
        """Who accepted to assist."""
        return tuple(helper for helper in self.helpers if helper.declined_at is None)

    @property
    def people_missing(self) -> int:
        """How many more responsible people are needed."""
        if self.owner is None or self.state not in OWNED_STATES:
            return 0
        return max(self.people_needed - max(len(self.responders), 1), 0)

    @property
    def is_calling(self) -> bool:
        """Whether people are being called: no one is on it, or not enough."""
        return self.state in UNACKNOWLEDGED_STATES or self.people_missing > 0

    @property
    def next_deadline(self) -> Instant | None:
        """Escalation while nobody is responsible, else the deadline of the state. A body to which the alert was
        returned has a deadline of its own; while more people are needed, the next call counts too."""
        if self.people_missing and self.climb_at is not None and self.due_at is not None:
            return min(self.climb_at, self.due_at)
        return self.climb_at if self.escalates else self.due_at

    @property
    def escalates(self) -> bool:
        """Nobody is responsible, and it waits for no chosen body: the ladder goes on."""
        return self.state in UNACKNOWLEDGED_STATES and self.returned_to is None

    @property
    def wake_at(self) -> Instant | None:
        """The first of the deadline and the times of reminders. Also a column."""
        take_due = self.due_at if self.escalates and self.overdue_since is None else None
        second = None if self.second_check is None else self.second_check.wake_at
        reminders = take_due, self.supervise_at, self.order_until, self.verify_at, self.realarm_at, second
        return min((at for at in (self.next_deadline, *reminders) if at is not None), default=None)


def has_no_next_step(alert: Alert) -> bool:
    """True for an active alert without a deadline: nothing would ever happen to it. Checked by the audit."""
    return alert.state in ACTIVE_STATES and alert.next_deadline is None


class TimelineEntry(Struct, frozen=True):
    """One timeline entry; `text` is in the language of its readers. Field names are columns, `kind` values are
    stored."""

    alert: int
    at: Instant
    kind: str
    text: str
    person: str | None = None
    channel: str | None = None
    state: str | None = None
    delivery: str | None = None
