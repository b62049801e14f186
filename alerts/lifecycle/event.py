"""Values of a step of the alert's state machine: event, deadlines, effects, and the reasons to refuse."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from alerts.alert import SYSTEM, Actor, Alert
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.transitions import ActionRefusal, Signal
from domain import Instant


class Deadlines(Struct, frozen=True):
    """Maximum duration of each state in ms, from the ladder; stated in the texts."""

    take_ms: int
    arrive_ms: int
    resolve_ms: int
    verify_ms: int
    close_ms: int
    shelve_max_ms: int


class AlertEvent(Struct, frozen=True):
    """One signal with its data: who, why, until when, or which danger.

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
