"""What an action needs beyond the transition table: another person, a reason, a limit, a disposition. Pure."""

from __future__ import annotations

from typing import Final

from alerts.alert import ACTIVE_STATES, OWNED_STATES, SETTLED_STATES, Alert, State
from alerts.lifecycle.event import AlertEvent, Deadlines, InvalidField, InvalidTransition
from alerts.lifecycle.second_check import is_second_check_awaited
from alerts.lifecycle.separation import is_same_performer
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal
from domain import DAY, Instant, Ledger, Severity

MAX_RETURNS: Final = 3
"""After this many hand-overs to chosen bodies only a supervisor hands the alert over again."""
MAX_RETURN_MS: Final = 30 * DAY


def allowed_actions(alert: Alert) -> tuple[str, ...]:
    """Actions possible now, as names of the API; for buttons. The most likely comes first."""
    legal = [s for s in ACTIONS if isinstance(TRANSITIONS[alert.state, s], State)]
    if alert.state is State.RESOLVED and requires_verification(alert):
        legal.remove(Signal.CLOSE)
    if alert.state is State.RETURNED:
        legal.remove(Signal.GIVE_BACK if alert.returned_to is None else Signal.DECLINE)
    if alert.state is State.RETURNED and alert.returned_to is None:
        legal.remove(Signal.RETURN)
    if alert.merged_into is not None:
        legal.remove(Signal.REOPEN)
    if is_second_check_awaited(alert):
        legal.insert(0, Signal.VERIFY)
    if alert.people_missing and Signal.ACKNOWLEDGE not in legal:
        legal.append(Signal.ACKNOWLEDGE)
    return (*(signal.value for signal in legal), *_actions_beside(alert), "comment")


def _actions_beside(alert: Alert) -> tuple[str, ...]:
    """Actions beside the transition table that are possible now."""
    possible = (
        ("reinforce", alert.state in OWNED_STATES),
        ("supervise", alert.state in (*ACTIVE_STATES, State.RESOLVED)),
        ("conclude", alert.state in SETTLED_STATES and alert.merged_into is None),
        ("merge", alert.state is not State.CLOSED),
        ("split", alert.state is not State.CLOSED and alert.joined > 0),
    )
    return tuple(action for action, is_possible in possible if is_possible)


def requires_verification(alert: Alert) -> bool:
    """A critical or high danger is closed only after a person other than its handler has verified it (核查)."""
    return alert.ledger is Ledger.DANGER and alert.severity in (Severity.CRITICAL, Severity.HIGH)


def check_preconditions(alert: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> None:
    """Raises InvalidTransition or InvalidField when the event is not possible although the table allows it."""
    refusal = _precondition_refusal(alert, event)
    if refusal is not None:
        raise InvalidTransition(refusal)
    missing = _missing_field(alert, event, now, deadlines)
    if missing is not None:
        raise InvalidField(missing)


def _precondition_refusal(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    """What the table cannot say: who acts, what the device reports, how often it happened before."""
    check = _REFUSALS.get(event.signal)
    return None if check is None else check(alert, event)


def _refuse_verify(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    """The verifier is another person than the handler, whatever login they use, and acts in person."""
    if is_same_performer(event.actor, alert.handler):
        return ActionRefusal.SAME_PERSON
    if is_same_performer(event.actor, alert.handler_principal):
        named = event.actor.id not in (event.actor.principal, alert.handler_principal)
        return ActionRefusal.SAME_PRINCIPAL if named else ActionRefusal.SAME_PERSON
    if event.actor.on_behalf:
        return ActionRefusal.ON_BEHALF
    return _refuse_while_dangerous(alert, event)


def _refuse_close(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    if alert.state is State.RESOLVED and requires_verification(alert):
        return ActionRefusal.NEEDS_VERIFYING
    return _refuse_while_dangerous(alert, event)


def _refuse_while_dangerous(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    return ActionRefusal.STILL_DANGEROUS if event.still_dangerous and alert.ledger is Ledger.DANGER else None


def _refuse_decline(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    taken_by_another = alert.state is State.ACKNOWLEDGED and alert.owner != event.actor.id
    return ActionRefusal.NOT_YOURS if taken_by_another else None


def _refuse_return(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    if alert.state is State.RETURNED and alert.returned_to is None and event.to is None:
        return ActionRefusal.RETURNED
    again = event.to is not None and event.to != alert.returned_to
    return ActionRefusal.RETURNED_OFTEN if again and alert.returns >= MAX_RETURNS and not event.by_supervisor else None


def _refuse_give_back(alert: Alert, _event: AlertEvent) -> ActionRefusal | None:
    return ActionRefusal.NOT_HANDED_OVER if alert.returned_to is None else None


def _refuse_shelve(alert: Alert, event: AlertEvent) -> ActionRefusal | None:
    """A critical danger is shelved once; a second time is for a supervisor to decide."""
    life_safety = alert.ledger is Ledger.DANGER and alert.severity is Severity.CRITICAL
    again = life_safety and alert.shelvings > 0 and not event.by_supervisor
    return ActionRefusal.SHELVED_ONCE if again else None


def _refuse_reopen(alert: Alert, _event: AlertEvent) -> ActionRefusal | None:
    return ActionRefusal.MERGED if alert.merged_into is not None else None


_REFUSALS: Final = {
    Signal.VERIFY: _refuse_verify,
    Signal.CLOSE: _refuse_close,
    Signal.DECLINE: _refuse_decline,
    Signal.RETURN: _refuse_return,
    Signal.GIVE_BACK: _refuse_give_back,
    Signal.SHELVE: _refuse_shelve,
    Signal.REOPEN: _refuse_reopen,
}


def _missing_field(alert: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> str | None:
    """The field that this action needs and that is missing or invalid."""
    signal = event.signal
    if signal in (Signal.SHELVE, Signal.RETURN, Signal.GIVE_BACK) and not (event.reason or "").strip():
        return "reason"
    longest = {Signal.SHELVE: deadlines.shelve_max_ms, Signal.RETURN: MAX_RETURN_MS}.get(signal)
    if longest is not None and not (event.until is None and signal is Signal.RETURN):
        return None if event.until and now < event.until <= now + longest else "until"
    concludes = signal is Signal.CLOSE and alert.ledger is Ledger.DANGER
    return "disposition" if concludes and not (event.disposition or alert.disposition) else None
