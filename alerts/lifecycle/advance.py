"""`advance(alert, event, now)`: the next alert and the effects that its host carries out in the transaction that
saves it. Pure: no phone, no channel, no storage.
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
from alerts.lifecycle.danger import joined_title, with_danger, with_door
from alerts.lifecycle.event import AlertEvent, Deadlines, Effect, InvalidField, InvalidTransition, Step
from alerts.lifecycle.transitions import ACTIONS, TRANSITIONS, ActionRefusal, Signal
from domain import Instant, Ledger, Severity


def advance(alert: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """The alert after one event. Raises NotNow or Incomplete, and then nothing has changed."""
    if _is_repeated(alert, event):
        return Step(alert)
    outcome = TRANSITIONS[alert.state, event.signal]
    if isinstance(outcome, ActionRefusal):
        raise InvalidTransition(outcome)
    _check_preconditions(alert, event, now, pace)
    since = now if outcome is not alert.state else alert.state_since
    new = replace(alert, state=outcome, updated_at=now, state_since=since)
    return _HANDLERS[event.signal](new, alert, event, now, pace)


def allowed_actions(alert: Alert) -> tuple[str, ...]:
    """The actions that make sense now, the next sensible one first, for buttons."""
    legal = [s for s in ACTIONS if isinstance(TRANSITIONS[alert.state, s], State)]
    if alert.state is State.RESOLVED and requires_verification(alert):
        legal.remove(Signal.CLOSE)
    return (*(signal.value for signal in legal), "comment")


def requires_verification(alert: Alert) -> bool:
    """A serious danger is closed only after somebody other than its handler has looked (核查)."""
    return alert.ledger is Ledger.DANGER and alert.severity in (Severity.CRITICAL, Severity.HIGH)


def _is_repeated(alert: Alert, event: AlertEvent) -> bool:
    """A second press by the same person: nothing new, and no refusal either."""
    signal, who = event.signal, event.actor.id
    if signal is Signal.ACKNOWLEDGE:
        return alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner == who
    if signal is Signal.DECLINE:
        return alert.state in UNACKNOWLEDGED_STATES and who in alert.passed
    return False


def _check_preconditions(alert: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> None:
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
    if signal is Signal.SHELVE and not (event.until and now < event.until <= now + pace.shelve_max_ms):
        raise InvalidField("until")


def _acknowledge(new: Alert, _old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    owned = replace(new, owner=event.actor.id, owner_name=event.actor.name, taken_at=now)
    taken = replace(owned, climb_at=None, due_at=now + pace.arrive_ms)
    return Step(taken, (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED))


def _arrive(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    if old.owner is not None:
        return Step(replace(new, due_at=now + pace.resolve_ms), (Effect.UPDATE_OWNER_CARD,))
    step = _acknowledge(new, old, event, now, pace)
    return Step(replace(step.alert, due_at=now + pace.resolve_ms), step.effects)


def _resolve(new: Alert, _old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    done = replace(new, handler=event.actor.id, due_at=next_recheck(new, now, pace))
    return Step(done, (Effect.CANCEL_PENDING, Effect.NOTIFY_RESOLVED))


def next_recheck(alert: Alert, now: Instant, pace: Deadlines) -> Instant:
    """When to look whether a resolved alert still burns: as often as somebody could have arrived, and whenever the time
    in which it must be verified is over."""
    periods = (now - alert.state_since) // pace.verify_ms + 1
    return min(now + pace.arrive_ms, alert.state_since + periods * pace.verify_ms)


def is_verification_overdue(alert: Alert, pace: Deadlines) -> bool:
    """True when a resolved alert came due because nobody has verified it, and not just to be looked at again."""
    return ((alert.due_at or 0) - alert.state_since) % pace.verify_ms == 0


def _still_firing(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    return Step(old) if new.state is old.state else _restart_escalation(new, old, event, now, pace)


def _verify(new: Alert, _old: Alert, _happening: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    return Step(replace(new, due_at=now + pace.close_ms))


def _close(new: Alert, _old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """What has not ended by its data is looked at again: it may be heard once more after its alert was closed."""
    again = now + pace.arrive_ms if event.still_firing else None
    return Step(replace(new, climb_at=None, due_at=again), (Effect.CANCEL_PENDING,))


def _return(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """Not ours: whoever stands higher decides, at once."""
    cause = EscalationReason(EscalationCause.RETURNED, event.actor.name, (event.reason or "").strip())
    free = replace(_unassign(new, now, pace), escalation=cause, passed=_appended(old.passed, event.actor.id))
    return Step(free, (Effect.CANCEL_PENDING, Effect.ESCALATE))


def _restart_escalation(new: Alert, _old: Alert, _happening: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    free = replace(_unassign(new, now, pace), state_since=now, escalation=UNANSWERED)
    again = replace(free, passed=(), round=new.round + 1, rung=-1, handler=None)
    return Step(again, (Effect.CANCEL_PENDING, Effect.START_ESCALATION))


def _shelve(new: Alert, _old: Alert, event: AlertEvent, _now: Instant, _pace: Deadlines) -> Step:
    quiet = replace(new, owner=None, owner_name=None, climb_at=None, due_at=event.until)
    return Step(quiet, (Effect.CANCEL_PENDING,))


def _assign(new: Alert, _old: Alert, _happening: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """The host tells the person named; the ladder waits for his answer and then goes on climbing."""
    return Step(replace(_unassign(new, now, pace), round=new.round + 1), (Effect.CANCEL_PENDING,))


def _decline(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    cause = EscalationReason(EscalationCause.DECLINED, event.actor.name)
    gone = replace(new, passed=_appended(old.passed, event.actor.id), escalation=cause)
    if old.state is State.ACKNOWLEDGED:
        gone = _unassign(gone, now, pace)
    return Step(gone, (Effect.NOTIFY_NEXT_PERSON,))


def _owner_unreachable(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """Whoever owns it hears nothing of what joined: the next person is called, and he may take it again."""
    if new.state is old.state:
        return Step(old)
    cause = EscalationReason(EscalationCause.UNREACHABLE, event.actor.name)
    return Step(replace(_unassign(new, now, pace), escalation=cause), (Effect.NOTIFY_NEXT_PERSON,))


def _deadline(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    if old.state in UNACKNOWLEDGED_STATES:
        return Step(replace(new, escalation=UNANSWERED), (Effect.NOTIFY_DEPUTY,))
    if old.state is State.ACKNOWLEDGED:
        cause = EscalationReason(EscalationCause.NOT_ARRIVED, old.owner_name or "")
        return Step(replace(_unassign(new, now, pace), escalation=cause), (Effect.ESCALATE,))
    if old.state is State.ON_SITE:
        return Step(replace(new, due_at=now + pace.resolve_ms), (Effect.NOTIFY_OVERDUE,))
    if old.state is State.RESOLVED:
        return Step(replace(new, due_at=next_recheck(new, now, pace)), (Effect.NOTIFY_OVERDUE,))
    if old.state is State.SHELVED:
        return _restart_escalation(new, old, event, now, pace)
    return _close(new, old, event, now, pace)


def _recovered(new: Alert, _old: Alert, _happening: AlertEvent, now: Instant, _pace: Deadlines) -> Step:
    due = None if new.state is State.CLOSED else new.due_at
    return Step(replace(new, recovered_at=now, stale=False, due_at=due))


def _health_recovered(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    calm = _recovered(new, old, event, now, pace)
    return calm if new.state is not State.CLOSED else _close(calm.alert, old, event, now, pace)


def _severity_raised(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """The ladder of the worse danger begins anew, also when somebody has taken the lesser one: he must answer again.
    Whoever is on site stays, and hears of it."""
    worse = with_danger(new, event.required_danger)
    if worse.state is State.ON_SITE:
        return Step(replace(worse, due_at=now + pace.resolve_ms), (Effect.NOTIFY_JOINED,))
    step = _restart_escalation(worse, old, event, now, pace)
    return Step(step.alert, (*step.effects, Effect.NOTIFY_OWNER) if old.owner is not None else step.effects)


def _recurred(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """The same danger once more. Shelved or settled, it calls again; taken, its owner hears of it."""
    if new.state is not old.state:
        return _restart_escalation(with_danger(new, event.required_danger), old, event, now, pace)
    told = old.state not in UNACKNOWLEDGED_STATES and new.ledger is Ledger.DANGER
    return Step(replace(new, recovered_at=None, stale=False), (Effect.NOTIFY_JOINED,) if told else ())


def _added(new: Alert, old: Alert, event: AlertEvent, now: Instant, pace: Deadlines) -> Step:
    """Another danger of this story. It is told in its own words, and the title names it from now on."""
    if new.state is not old.state:
        return _restart_escalation(with_danger(new, event.required_danger), old, event, now, pace)
    danger = event.required_danger
    title, doors = joined_title(new.title, danger.title), with_door(new, danger.address)
    fuller = replace(new, title=title, doors=doors, recovered_at=None, stale=False)
    # Faults of devices wait for the day's digest: three hundred detectors without power are one message.
    told = new.ledger is Ledger.DANGER and not event.already_told
    return Step(fuller, (Effect.NOTIFY_JOINED,) if told else ())


def _unassign(alert: Alert, now: Instant, pace: Deadlines) -> Alert:
    """Nobody's again: the time to take it runs anew. The host sets `climb_at` when it tells; until then it is now."""
    return replace(alert, owner=None, owner_name=None, taken_at=None, climb_at=now, due_at=now + pace.take_ms)


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
