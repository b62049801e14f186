"""What goes into a step of an alert's state machine, and what comes out: events, deadlines, effects, refusals."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from alerts.alert import SYSTEM, Actor, Alert
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.transitions import ActionRefusal, Signal
from domain import Instant


class Deadlines(Struct, frozen=True):
    """How long each state may last. It comes from the ladder, and every text states it."""

    take_ms: int
    arrive_ms: int
    resolve_ms: int
    verify_ms: int
    close_ms: int
    shelve_max_ms: int


class AlertEvent(Struct, frozen=True):
    """One signal with what it needs: who, why, until when, or which danger.

    `burning`: the device, as last heard, still reports the danger. `standing`: a finding has not ended. `known`: people
    were told of this very event a moment ago, in the words of another rule.
    """

    signal: Signal
    actor: Actor = SYSTEM
    reason: str | None = None
    until: Instant | None = None
    danger: Danger | None = None
    still_dangerous: bool = False
    still_firing: bool = False
    already_told: bool = False

    @property
    def required_danger(self) -> Danger:
        assert self.danger is not None, f"{self.signal} needs its danger"
        return self.danger


class Effect(StrEnum):
    """What the host owes after a step."""

    START_ESCALATION = "start"
    """Begin the ladder at its first rung."""
    ESCALATE = "climb"
    """Tell the next rung now."""
    NOTIFY_DEPUTY = "call_deputy"
    """Nobody answered: tell the deputies of this rung, or climb."""
    NOTIFY_NEXT_PERSON = "next_person"
    """Tell the next person of the rung of whoever passed it on, or climb."""
    CANCEL_PENDING = "hush"
    """Messages not yet sent are not sent."""
    NOTIFY_ACKNOWLEDGED = "tell_taken"
    NOTIFY_RESOLVED = "tell_resolved"
    UPDATE_OWNER_CARD = "next_card"
    """The owner gets the button for what he does next."""
    NOTIFY_OVERDUE = "remind"
    """A taken alert overstays: tell the next rung, without taking it from its owner."""
    NOTIFY_JOINED = "tell_added"
    """The owner, or everybody who was called, hears of the danger that joined."""
    NOTIFY_OWNER = "call_owner"
    """The owner is called like those on the first rung: what he took has become more urgent."""


class Step(Struct, frozen=True):
    alert: Alert
    effects: tuple[Effect, ...] = ()


class InvalidTransition(Exception):
    """The alert's state does not allow this now. `refusal` names the sentence, `message` says it."""

    def __init__(self, refusal: ActionRefusal, message: str = "") -> None:
        super().__init__(message or refusal.value)
        self.refusal, self.message = refusal, message


class InvalidField(ValueError):
    """A field that this action needs is missing or makes no sense."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field
