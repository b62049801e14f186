"""State machine of an alert. `advance(alert, event, now, deadlines)` returns the next alert and the effects to run.

Pure: the host runs the effects in the transaction that saves the alert.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from alerts.alert import (
    UNACKNOWLEDGED_STATES,
    UNANSWERED,
    Alert,
    EscalationCause,
    EscalationReason,
    State,
)
from alerts.lifecycle.danger import joined_title, with_address, with_danger
from alerts.lifecycle.event import AlertEvent, Deadlines, Effect, InvalidField, InvalidTransition, Step
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal
from domain import Instant, Ledger, Severity


def advance(alert: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The alert after one event. Raises InvalidTransition or InvalidField; then nothing has changed."""
    if _is_repeated(alert, event):
        return Step(alert)
    outcome = TRANSITIONS[alert.state, event.signal]
    if isinstance(outcome, ActionRefusal):
        raise InvalidTransition(outcome)
    _check_preconditions(alert, event, now, deadlines)
    since = now if outcome is not alert.state else alert.state_since
    new = replace(alert, state=outcome, updated_at=now, state_since=since)
    return _HANDLERS[event.signal](new, alert, event, now, deadlines)


def allowed_actions(alert: Alert) -> tuple[str, ...]:
    """Actions possible now, as names of the API; for buttons. The most likely comes first."""
    legal = [s for s in ACTIONS if isinstance(TRANSITIONS[alert.state, s], State)]
    if alert.state is State.RESOLVED and requires_verification(alert):
        legal.remove(Signal.CLOSE)
    return (*(signal.value for signal in legal), "comment")


def requires_verification(alert: Alert) -> bool:
    """A critical or high danger is closed only after a person other than its handler has verified it (核查)."""
    return alert.ledger is Ledger.DANGER and alert.severity in (Severity.CRITICAL, Severity.HIGH)


def _is_repeated(alert: Alert, event: AlertEvent) -> bool:
    """The same action again by the same person: no change, no refusal."""
    signal, who = event.signal, event.actor.id
    if signal is Signal.ACKNOWLEDGE:
        return alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner == who
    if signal is Signal.DECLINE:
        return alert.state in UNACKNOWLEDGED_STATES and who in alert.passed
    return False


def _check_preconditions(alert: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> None:
    signal = event.signal
    if signal is Signal.VERIFY and event.actor.id == alert.handler:
        raise InvalidTransition(ActionRefusal.SAME_PERSON)
    if signal is Signal.CLOSE and alert.state is State.RESOLVED and requires_verification(alert):
        raise InvalidTransition(ActionRefusal.NEEDS_VERIFYING)
    if event.still_dangerous and signal in (Signal.VERIFY, Signal.CLOSE) and alert.ledger is Ledger.DANGER:
        raise InvalidTransition(ActionRefusal.STILL_DANGEROUS)
    if signal is Signal.DECLINE and alert.state is State.ACKNOWLEDGED and alert.owner != event.actor.id:
        raise InvalidTransition(ActionRefusal.NOT_YOURS)
    if signal in (Signal.SHELVE, Signal.RETURN) and not (event.reason or "").strip():
        raise InvalidField("reason")
    if signal is Signal.SHELVE and not (event.until and now < event.until <= now + deadlines.shelve_max_ms):
        raise InvalidField("until")


def _acknowledge(new: Alert, _old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    owned = replace(new, owner=event.actor.id, owner_name=event.actor.name, taken_at=now)
    taken = replace(owned, climb_at=None, due_at=now + deadlines.arrive_ms)
    return Step(taken, (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED))


def _arrive(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    if old.owner is not None:
        return Step(replace(new, due_at=now + deadlines.resolve_ms), (Effect.UPDATE_OWNER_CARD,))
    step = _acknowledge(new, old, event, now, deadlines)
    return Step(replace(step.alert, due_at=now + deadlines.resolve_ms), step.effects)


def _resolve(new: Alert, _old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    done = replace(new, handler=event.actor.id, due_at=next_recheck(new, now, deadlines))
    return Step(done, (Effect.CANCEL_PENDING, Effect.NOTIFY_RESOLVED))


def next_recheck(alert: Alert, now: Instant, deadlines: Deadlines) -> Instant:
    """When a resolved alert is checked again for a device that still reports the danger: after the time in which
    a person could have arrived, and at each end of the verification deadline.
    """
    periods = (now - alert.state_since) // deadlines.verify_ms + 1
    return min(now + deadlines.arrive_ms, alert.state_since + periods * deadlines.verify_ms)


def is_verification_overdue(alert: Alert, deadlines: Deadlines) -> bool:
    """True when a resolved alert is due because the verification deadline passed, not only for a recheck."""
    return ((alert.due_at or 0) - alert.state_since) % deadlines.verify_ms == 0


def _still_firing(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    return Step(old) if new.state is old.state else _restart_escalation(new, old, event, now, deadlines)


def _verify(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    return Step(replace(new, due_at=now + deadlines.close_ms))


def _close(new: Alert, _old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """An alert whose findings have not ended is checked again after closing: its device may be received once more."""
    recheck_at = now + deadlines.arrive_ms if event.still_firing else None
    return Step(replace(new, climb_at=None, due_at=recheck_at), (Effect.CANCEL_PENDING,))


def _return(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Returned: the next rung decides, at once."""
    cause = EscalationReason(EscalationCause.RETURNED, event.actor.name, (event.reason or "").strip())
    free = replace(_unassign(new, now, deadlines), escalation=cause, passed=_appended(old.passed, event.actor.id))
    return Step(free, (Effect.CANCEL_PENDING, Effect.ESCALATE))


def _restart_escalation(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    free = replace(_unassign(new, now, deadlines), state_since=now, escalation=UNANSWERED)
    restarted = replace(free, passed=(), round=new.round + 1, rung=-1, handler=None)
    return Step(restarted, (Effect.CANCEL_PENDING, Effect.START_ESCALATION))


def _shelve(new: Alert, _old: Alert, event: AlertEvent, _now: Instant, _deadlines: Deadlines) -> Step:
    quiet = replace(new, owner=None, owner_name=None, climb_at=None, due_at=event.until)
    return Step(quiet, (Effect.CANCEL_PENDING,))


def _assign(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Unassigned until the named person, whom the host notifies, answers; meanwhile escalation goes on."""
    return Step(replace(_unassign(new, now, deadlines), round=new.round + 1), (Effect.CANCEL_PENDING,))


def _decline(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    cause = EscalationReason(EscalationCause.DECLINED, event.actor.name)
    declined = replace(new, passed=_appended(old.passed, event.actor.id), escalation=cause)
    if old.state is State.ACKNOWLEDGED:
        declined = _unassign(declined, now, deadlines)
    return Step(declined, (Effect.NOTIFY_NEXT_PERSON,))


def _owner_unreachable(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The owner cannot be notified of a danger that joined: the next person is. The owner may acknowledge again."""
    if new.state is old.state:
        return Step(old)
    cause = EscalationReason(EscalationCause.UNREACHABLE, event.actor.name)
    return Step(replace(_unassign(new, now, deadlines), escalation=cause), (Effect.NOTIFY_NEXT_PERSON,))


def _deadline(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    if old.state in UNACKNOWLEDGED_STATES:
        return Step(replace(new, escalation=UNANSWERED), (Effect.CALL_NEXT_RANK_OR_RUNG,))
    if old.state is State.ACKNOWLEDGED:
        cause = EscalationReason(EscalationCause.NOT_ARRIVED, old.owner_name or "")
        return Step(replace(_unassign(new, now, deadlines), escalation=cause), (Effect.ESCALATE,))
    if old.state is State.ON_SITE:
        return Step(replace(new, due_at=now + deadlines.resolve_ms), (Effect.NOTIFY_OVERDUE,))
    if old.state is State.RESOLVED:
        return Step(replace(new, due_at=next_recheck(new, now, deadlines)), (Effect.NOTIFY_OVERDUE,))
    if old.state is State.SHELVED:
        return _restart_escalation(new, old, event, now, deadlines)
    return _close(new, old, event, now, deadlines)


def _recovered(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, _deadlines: Deadlines) -> Step:
    due = None if new.state is State.CLOSED else new.due_at
    return Step(replace(new, recovered_at=now, stale=False, due_at=due))


def _health_recovered(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    calm = _recovered(new, old, event, now, deadlines)
    return calm if new.state is not State.CLOSED else _close(calm.alert, old, event, now, deadlines)


def _severity_raised(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Restart the escalation with the worse danger, also for an alert that is acknowledged: it must be acknowledged
    again. A person on site stays responsible and is notified.
    """
    worse = with_danger(new, event.required_danger)
    if worse.state is State.ON_SITE:
        return Step(replace(worse, due_at=now + deadlines.resolve_ms), (Effect.NOTIFY_JOINED,))
    step = _restart_escalation(worse, old, event, now, deadlines)
    return Step(step.alert, (*step.effects, Effect.NOTIFY_OWNER) if old.owner is not None else step.effects)


def _recurred(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The alert's own danger begins again: shelved or settled alerts escalate again, an owner is notified."""
    if new.state is not old.state:
        return _restart_escalation(with_danger(new, event.required_danger), old, event, now, deadlines)
    notifies = old.state not in UNACKNOWLEDGED_STATES and new.ledger is Ledger.DANGER
    return Step(replace(new, recovered_at=None, stale=False), (Effect.NOTIFY_JOINED,) if notifies else ())


def _added(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Another danger joins: it is notified with its own texts, and the title names it from now on."""
    if new.state is not old.state:
        return _restart_escalation(with_danger(new, event.required_danger), old, event, now, deadlines)
    danger = event.required_danger
    title, addresses = joined_title(new.title, danger.title), with_address(new, danger.address)
    updated = replace(new, title=title, doors=addresses, recovered_at=None, stale=False)
    # Device faults wait for the daily digest: three hundred detectors without power are one message.
    notifies = new.ledger is Ledger.DANGER and not event.already_notified
    return Step(updated, (Effect.NOTIFY_JOINED,) if notifies else ())


def _unassign(alert: Alert, now: Instant, deadlines: Deadlines) -> Alert:
    """Nobody is responsible: the time to acknowledge starts again. The host sets `climb_at` when it has notified."""
    return replace(alert, owner=None, owner_name=None, taken_at=None, climb_at=now, due_at=now + deadlines.take_ms)


def _appended(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people if person in people else (*people, person)


_HANDLERS: Final = {
    Signal.ACKNOWLEDGE: _acknowledge,
    Signal.ARRIVE: _arrive,
    Signal.RESOLVE: _resolve,
    Signal.VERIFY: _verify,
    Signal.CLOSE: _close,
    Signal.RETURN: _return,
    Signal.REOPEN: _restart_escalation,
    Signal.SHELVE: _shelve,
    Signal.ASSIGN: _assign,
    Signal.DECLINE: _decline,
    Signal.DEADLINE: _deadline,
    Signal.RECOVERED: _recovered,
    Signal.HEALTH_RECOVERED: _health_recovered,
    Signal.SEVERITY_RAISED: _severity_raised,
    Signal.RECURRED: _recurred,
    Signal.ADDED: _added,
    Signal.STILL_FIRING: _still_firing,
    Signal.OWNER_UNREACHABLE: _owner_unreachable,
}
