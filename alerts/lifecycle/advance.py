"""State machine of an alert. `advance(alert, event, now, deadlines)` returns the next alert and the effects to run.

Pure: the host runs the effects in the transaction that saves the alert.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from alerts.alert import (
    SETTLED_STATES,
    UNACKNOWLEDGED_STATES,
    UNANSWERED,
    Alert,
    EscalationCause,
    EscalationReason,
    Responder,
    State,
)
from alerts.lifecycle.danger import joined_title, with_address, with_danger
from alerts.lifecycle.event import AlertEvent, Deadlines, Effect, InvalidTransition, Step
from alerts.lifecycle.preconditions import MAX_RETURNS, check_preconditions
from alerts.lifecycle.reminders import ANSWER, ARRIVE, RESOLVE, TAKE, VERIFY, mark_overdue, pause_after, with_reminders
from alerts.lifecycle.several_people import step_of_several
from alerts.lifecycle.transitions import TRANSITIONS, ActionRefusal, Signal
from domain import Instant, Ledger


def advance(alert: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The alert after one event. Raises InvalidTransition or InvalidField; then nothing has changed."""
    if _is_repeated(alert, event):
        return Step(alert)
    step = step_of_several(alert, event, now)
    if step is not None:
        return step
    outcome = TRANSITIONS[alert.state, event.signal]
    if isinstance(outcome, ActionRefusal):
        raise InvalidTransition(outcome)
    check_preconditions(alert, event, now, deadlines)
    since = now if outcome is not alert.state else alert.state_since
    new = replace(alert, state=outcome, updated_at=now, state_since=since)
    step = _HANDLERS[event.signal](new, alert, event, now, deadlines)
    if step.alert is alert:
        return step
    return replace(step, alert=with_reminders(alert, step.alert, event, now, deadlines))


def _is_repeated(alert: Alert, event: AlertEvent) -> bool:
    """The same action again by the same person: no change, no refusal."""
    signal, who = event.signal, event.actor.id
    if signal is Signal.ACKNOWLEDGE:
        return alert.state in (State.ACKNOWLEDGED, State.ON_SITE) and alert.owner == who
    if signal is Signal.DECLINE:
        return alert.state in UNACKNOWLEDGED_STATES and who in alert.passed
    return False


def _acknowledge(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    actor = event.actor
    on_it = (Responder(actor.id, actor.name, now),)
    owned = replace(new, owner=actor.id, owner_name=actor.name, taken_at=now, responders=on_it)
    taken = replace(owned, due_at=now + deadlines.arrive_ms)
    if taken.people_missing:
        return Step(replace(taken, climb_at=old.climb_at or now), (Effect.NOTIFY_ACKNOWLEDGED,))
    return Step(replace(taken, climb_at=None), (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED))


def _arrive(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    if old.owner is not None:
        return Step(replace(new, due_at=now + deadlines.resolve_ms), (Effect.UPDATE_OWNER_CARD,))
    step = _acknowledge(new, old, event, now, deadlines)
    return Step(replace(step.alert, due_at=now + deadlines.resolve_ms), step.effects)


def _resolve(new: Alert, _old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    done = replace(
        new,
        handler=event.actor.id,
        handler_principal=event.actor.performer,
        disposition=event.disposition or new.disposition,
        due_at=next_recheck(new, now, deadlines),
    )
    asks = (Effect.ASK_VERIFIER, Effect.ASK_DISPOSITION) if new.ledger is Ledger.DANGER else ()
    return Step(done, (Effect.CANCEL_PENDING, Effect.NOTIFY_RESOLVED, *asks))


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
    asks = (Effect.ASK_SECOND_VERIFIER,) if new.second_check is not None else ()
    return Step(replace(new, due_at=now + deadlines.close_ms), asks)


def _close(new: Alert, _old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """An alert whose findings have not ended is checked again after closing: its device may be received once more."""
    recheck_at = now + deadlines.arrive_ms if event.still_firing else None
    disposition = event.disposition or new.disposition
    closed = replace(new, climb_at=None, due_at=recheck_at, disposition=disposition)
    return Step(closed, (Effect.CANCEL_PENDING,))


def _merge(new: Alert, _old: Alert, event: AlertEvent, _now: Instant, _deadlines: Deadlines) -> Step:
    """The other alert has the findings from now on: nothing is left to recheck here."""
    merged = replace(new, climb_at=None, due_at=None, merged_into=int(event.to or 0))
    return Step(merged, (Effect.CANCEL_PENDING,))


def _return(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Returned to a chosen body, which answers by its own deadline; without one the next rung decides, at once."""
    if event.to is not None and event.to == old.returned_to:
        return Step(replace(new, due_at=event.until or now + deadlines.return_ms))
    cause = EscalationReason(EscalationCause.RETURNED, event.actor.name, (event.reason or "").strip())
    free = replace(_unassign(new, now, deadlines), escalation=cause, passed=_appended(old.passed, event.actor.id))
    if event.to is None:
        return Step(replace(free, returned_to=None), (Effect.CANCEL_PENDING, Effect.ESCALATE))
    waits = replace(free, returned_to=event.to, returns=old.returns + 1, climb_at=None)
    waits = replace(waits, due_at=event.until or now + deadlines.return_ms)
    return Step(waits, (Effect.CANCEL_PENDING, Effect.NOTIFY_BODY))


def _give_back(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The body gives it back: it escalates at once; after many hand-overs the supervisors are told to decide."""
    cause = EscalationReason(EscalationCause.HANDED_BACK, event.actor.name, (event.reason or "").strip())
    free = replace(_unassign(new, now, deadlines), escalation=cause, passed=_appended(old.passed, event.actor.id))
    decide = (Effect.NOTIFY_SUPERVISORS,) if old.returns >= MAX_RETURNS else ()
    return Step(free, (Effect.CANCEL_PENDING, Effect.ESCALATE, *decide))


def _return_expired(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """The body did not answer: the alert is open again and escalates, and the supervisors see which body was silent."""
    if old.state is not State.RETURNED or old.returned_to is None:
        return Step(old)
    cause = EscalationReason(EscalationCause.NO_ANSWER, event.to_name or old.returned_to)
    free = replace(_unassign(new, now, deadlines), escalation=cause)
    return Step(mark_overdue(free, ANSWER, now, deadlines), (Effect.CANCEL_PENDING, Effect.ESCALATE))


def _restart_escalation(new: Alert, old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    free = replace(_unassign(new, now, deadlines), state_since=now, escalation=UNANSWERED)
    restarted = replace(
        free, passed=(), round=new.round + 1, rung=-1, handler=None, handler_principal=None, verifier=None
    )
    # Who helped went home when it was dealt with: whoever comes now is not one too many.
    helpers = () if old.state in (*SETTLED_STATES, State.SHELVED) else new.helpers
    again = replace(restarted, disposition=None, silence=None, helpers=helpers)
    return Step(again, (Effect.CANCEL_PENDING, Effect.START_ESCALATION))


def _shelve(new: Alert, _old: Alert, event: AlertEvent, _now: Instant, _deadlines: Deadlines) -> Step:
    quiet = replace(new, owner=None, owner_name=None, responders=(), climb_at=None, due_at=event.until, silence=None)
    quiet = replace(quiet, shelvings=new.shelvings + 1)
    return Step(quiet, (Effect.CANCEL_PENDING,))


def _assign(new: Alert, old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    """Unassigned until the named person, whom the host notifies, answers; meanwhile escalation goes on."""
    notified = (Effect.NOTIFY_FORMER_OWNER,) if old.owner is not None else ()
    return Step(replace(_unassign(new, now, deadlines), round=new.round + 1), (Effect.CANCEL_PENDING, *notified))


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
    free = replace(_unassign(new, now, deadlines), escalation=cause)
    return Step(free, (Effect.NOTIFY_NEXT_PERSON, Effect.NOTIFY_FORMER_OWNER))


def _deadline(new: Alert, old: Alert, event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    return _DEADLINES[old.state](new, old, event, now, deadlines)


def _not_acknowledged(new: Alert, old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    waits = replace(new, escalation=UNANSWERED)
    if old.due_at is not None and old.due_at <= now:
        waits = mark_overdue(waits, TAKE, now, deadlines)
    return Step(waits, (Effect.CALL_NEXT_RANK_OR_RUNG,))


def _not_arrived(new: Alert, old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    cause = EscalationReason(EscalationCause.NOT_ARRIVED, old.owner_name or "")
    free = replace(_unassign(new, now, deadlines), escalation=cause)
    return Step(mark_overdue(free, ARRIVE, now, deadlines), (Effect.ESCALATE, Effect.NOTIFY_FORMER_OWNER))


def _not_resolved(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    pause_ms = pause_after(new.overdue_count + 1, deadlines.resolve_ms)
    late = mark_overdue(replace(new, due_at=now + pause_ms), RESOLVE, now, deadlines)
    return Step(late, (Effect.NOTIFY_OVERDUE,))


def _not_verified(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, deadlines: Deadlines) -> Step:
    late = mark_overdue(replace(new, due_at=next_recheck(new, now, deadlines)), VERIFY, now, deadlines)
    return Step(late, (Effect.NOTIFY_OVERDUE,))


def _recovered(new: Alert, _old: Alert, _event: AlertEvent, now: Instant, _deadlines: Deadlines) -> Step:
    due = None if new.state is State.CLOSED else new.due_at
    # Nobody was asked to verify it while it went on: now he can.
    waits = new.state is State.RESOLVED and new.verify_at is not None and new.verifier is None
    verify_at = now if waits else new.verify_at
    return Step(replace(new, recovered_at=now, stale=False, due_at=due, verify_at=verify_at))


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
    free = replace(alert, owner=None, owner_name=None, responders=(), taken_at=None)
    return replace(free, climb_at=now, due_at=now + deadlines.take_ms)


def _appended(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people if person in people else (*people, person)


_DEADLINES: Final = {
    State.OPEN: _not_acknowledged,
    State.RETURNED: _not_acknowledged,
    State.ACKNOWLEDGED: _not_arrived,
    State.ON_SITE: _not_resolved,
    State.RESOLVED: _not_verified,
    State.SHELVED: _restart_escalation,
    State.VERIFIED: _close,
    State.CLOSED: _close,
}
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
    Signal.GIVE_BACK: _give_back,
    Signal.MERGE: _merge,
    Signal.RETURN_EXPIRED: _return_expired,
    Signal.DEADLINE: _deadline,
    Signal.RECOVERED: _recovered,
    Signal.HEALTH_RECOVERED: _health_recovered,
    Signal.SEVERITY_RAISED: _severity_raised,
    Signal.RECURRED: _recurred,
    Signal.ADDED: _added,
    Signal.STILL_FIRING: _still_firing,
    Signal.OWNER_UNREACHABLE: _owner_unreachable,
}
