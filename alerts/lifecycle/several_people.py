"""Alerts that need several responsible people: who joins the first, who leaves, and calls that go on. Pure.

The first acknowledgement makes a person the owner, as always; the calls stop when `people_needed` have acknowledged.
"""

from __future__ import annotations

from msgspec.structs import replace

from alerts.alert import OWNED_STATES, Actor, Alert, EscalationCause, EscalationReason, Responder
from alerts.lifecycle.event import AlertEvent, Effect, Step
from alerts.lifecycle.transitions import Signal
from domain import Instant


def step_of_several(alert: Alert, event: AlertEvent, now: Instant) -> Step | None:
    """The step of an owned alert that several people are or should be on; None where the usual step applies."""
    if alert.state not in OWNED_STATES:
        return None
    if event.signal is Signal.ACKNOWLEDGE:
        return _join(alert, event.actor, now)
    if event.signal is Signal.DECLINE:
        return _leave(alert, event.actor, now)
    if event.signal is Signal.DEADLINE and _is_call_due(alert, now):
        return Step(replace(alert, escalation=reason_of_calls(alert)), (Effect.CALL_NEXT_RANK_OR_RUNG,))
    return None


def reason_of_calls(alert: Alert) -> EscalationReason:
    """Why others are called although a person is on it."""
    return EscalationReason(EscalationCause.MORE_NEEDED, str(alert.people_missing))


def _join(alert: Alert, actor: Actor, now: Instant) -> Step | None:
    if not alert.people_missing or any(one.person == actor.id for one in alert.responders):
        return None
    on_it = (*alert.responders, Responder(actor.id, actor.name, now))
    after = replace(alert, responders=on_it, updated_at=now)
    if after.people_missing:
        return Step(after, (Effect.NOTIFY_ACKNOWLEDGED,))
    return Step(replace(after, climb_at=None), (Effect.CANCEL_PENDING, Effect.NOTIFY_ACKNOWLEDGED))


def _leave(alert: Alert, actor: Actor, now: Instant) -> Step | None:
    """One of several leaves: the first of those who stay is the owner, and a replacement is called at once."""
    left = tuple(one for one in alert.responders if one.person != actor.id)
    if not left or len(left) == len(alert.responders):
        return None
    passed = alert.passed if actor.id in alert.passed else (*alert.passed, actor.id)
    after = replace(alert, responders=left, owner=left[0].person, owner_name=left[0].name, passed=passed)
    after = replace(after, climb_at=now, updated_at=now)
    return Step(replace(after, escalation=reason_of_calls(after)), (Effect.NOTIFY_NEXT_PERSON,))


def _is_call_due(alert: Alert, now: Instant) -> bool:
    due = alert.climb_at is not None and alert.climb_at <= now
    return due and alert.people_missing > 0 and (alert.due_at is None or alert.due_at > now)
