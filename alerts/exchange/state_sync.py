"""Keeps the states of a linked case in step: what their change means for our alert. Pure.

Changes of one case are ordered by their version. One that comes twice or late changes nothing; it is stored.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from alerts.alert import SETTLED_STATES, Alert, CaseDisposition, State
from alerts.exchange.incoming import IncomingState
from alerts.exchange.mapping import IncomingAction
from alerts.exchange.messages import SYSTEM_PREFIX, CaseLink, Direction, ReceivedOutcome
from alerts.lifecycle.transitions import Signal


class Decision(Struct, frozen=True):
    """What to do with a change: signals to apply in order, or only an outcome. `disposition` goes with a signal that
    ends the work on the alert."""

    outcome: ReceivedOutcome
    signals: tuple[Signal, ...] = ()
    disposition: str | None = None


NOTED: Final = Decision(ReceivedOutcome.NOTED)


def decide(link: CaseLink, alert: Alert, event: IncomingState) -> Decision:
    """What a change of theirs means. Whether it was received before is for the caller to check."""
    if link.their_version and event.version < link.their_version:
        return Decision(ReceivedOutcome.OUT_OF_ORDER)
    if link.their_version == event.version and link.state == event.state:
        return Decision(ReceivedOutcome.REPEATED)
    if link.direction is Direction.OUT:
        return _answer(link, alert, event.action)
    return _of_their_case(alert, event.action)


def _answer(link: CaseLink, alert: Alert, action: IncomingAction) -> Decision:
    """Their answer to a case that we handed over, as long as it is theirs."""
    is_theirs = alert.state is State.RETURNED and alert.returned_to in (link.system, SYSTEM_PREFIX + link.system)
    if action is IncomingAction.RESOLVE and is_theirs:
        signals = (Signal.ACKNOWLEDGE, Signal.RESOLVE)
        return Decision(ReceivedOutcome.APPLIED, signals, CaseDisposition.REAL.value)
    if action is IncomingAction.REFUSE and is_theirs:
        return Decision(ReceivedOutcome.APPLIED, (Signal.GIVE_BACK,))
    return NOTED


def _of_their_case(alert: Alert, action: IncomingAction) -> Decision:
    """A change of a case that they sent to us. A case that nobody has dealt with yet is not closed from outside."""
    if action is IncomingAction.REOPEN and alert.state in SETTLED_STATES:
        return Decision(ReceivedOutcome.APPLIED, (Signal.REOPEN,))
    if action is IncomingAction.VERIFY and alert.state is State.RESOLVED:
        return Decision(ReceivedOutcome.APPLIED, (Signal.VERIFY,))
    if action is IncomingAction.CLOSE and alert.state in (State.RESOLVED, State.VERIFIED):
        verified = () if alert.state is State.VERIFIED else (Signal.VERIFY,)
        return Decision(ReceivedOutcome.APPLIED, (*verified, Signal.CLOSE), CaseDisposition.REAL.value)
    return NOTED
