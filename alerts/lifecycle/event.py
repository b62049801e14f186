"""Values of a step of the alert's state machine: event, deadlines, effects, and the reasons to refuse."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from alerts.alert import SYSTEM, Actor, Alert
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.transitions import ActionRefusal, Signal
from domain import DAY, HOUR, Instant


class Deadlines(Struct, frozen=True):
    """Maximum duration of each state in ms, from the ladder; stated in the texts."""

    take_ms: int
    arrive_ms: int
    resolve_ms: int
    verify_ms: int
    close_ms: int
    shelve_max_ms: int
    return_ms: int = HOUR
    """How long a body may take to answer an alert returned to it."""
    supervise_after_ms: int = 0
    """From a passed deadline to the first message to the supervisors."""
    supervise_ms: int = HOUR
    """Between two messages to the supervisors."""
    ask_verifier_ms: int = HOUR
    """How long one person may take to verify before the next is asked."""
    second_verify_ms: int = DAY
    """How long the second verification of a citizen's report may take."""
    realarm_ms: int | None = None
    """After this an owned alert whose device still reports the danger is told again; None: never."""


class AlertEvent(Struct, frozen=True):
    """One signal with its data: who, why, until when, to whom, or which danger.

    `still_dangerous`: the device, as last received, still reports the danger. `still_firing`: a finding has not ended.
    `already_notified`: people were notified of the same event a moment ago, by a finding of another rule.
    """

    signal: Signal
    actor: Actor = SYSTEM
    reason: str | None = None
    until: Instant | None = None
    danger: Danger | None = None
    still_dangerous: bool = False
    still_firing: bool = False
    already_notified: bool = False
    to: str | None = None
    """Of a RETURN: the body that shall take it (role, person or outside system); of a MERGE: the other alert's id."""
    to_name: str = ""
    disposition: str | None = None
    """Of a RESOLVE or CLOSE: a CaseDisposition."""
    by_supervisor: bool = False

    @property
    def required_danger(self) -> Danger:
        assert self.danger is not None, f"{self.signal} needs its danger"
        return self.danger


class Effect(StrEnum):
    """What the host must do after a step, in the same transaction."""

    START_ESCALATION = "start"
    """Notify the first rung."""
    ESCALATE = "climb"
    """Notify the next rung."""
    CALL_NEXT_RANK_OR_RUNG = "call_deputy"
    """Nobody acknowledged: notify the deputies of this rung, else the next rung."""
    NOTIFY_NEXT_PERSON = "next_person"
    """Notify the next person on the rung of the one who declined, else the next rung."""
    CANCEL_PENDING = "hush"
    """Cancel messages that have not been sent."""
    NOTIFY_ACKNOWLEDGED = "tell_taken"
    NOTIFY_RESOLVED = "tell_resolved"
    UPDATE_OWNER_CARD = "next_card"
    """Replace the buttons on the owner's card by those for his next actions."""
    NOTIFY_OVERDUE = "remind"
    """A deadline of an owned alert passed: notify the next rung; the owner stays responsible."""
    NOTIFY_JOINED = "tell_added"
    """Notify the owner, or everybody called, of a danger that joined."""
    NOTIFY_OWNER = "call_owner"
    """Call the former owner like the first rung: the danger has become more severe."""
    NOTIFY_FORMER_OWNER = "tell_lapsed"
    """Tell the former owner that he is no longer responsible, and why."""
    NOTIFY_BODY = "tell_body"
    """Notify the body to which the alert was returned; the alert's escalation waits for its answer."""
    NOTIFY_SUPERVISORS = "tell_supervisors"
    """The alert went back and forth: the supervisors decide."""
    ASK_VERIFIER = "ask_verifier"
    """Choose a person other than the handler and ask him to verify."""
    ASK_SECOND_VERIFIER = "ask_second_verifier"
    """Ask a person of the street to verify a citizen's report after the community."""
    ASK_DISPOSITION = "ask_disposition"
    """Ask the handler what it turned out to be, where he did not say it."""


class Step(Struct, frozen=True):
    """The alert after an event, and the effects the host must run."""

    alert: Alert
    effects: tuple[Effect, ...] = ()


class InvalidTransition(Exception):
    """The state does not allow this now. `refusal` is the reason, `message` its sentence."""

    def __init__(self, refusal: ActionRefusal, message: str = "") -> None:
        super().__init__(message or refusal.value)
        self.refusal, self.message = refusal, message


class InvalidField(ValueError):
    """A field that this action needs is missing or invalid."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
