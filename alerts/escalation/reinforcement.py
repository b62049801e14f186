"""More people, because whoever is on it asks for them (请求增援). Runs inside the caller's transaction."""

from __future__ import annotations

from msgspec import structs

from alerts.alert import Alert, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.policy import Recipient
from alerts.lifecycle.several_people import reason_of_calls
from alerts.message import MessageKind
from alerts.ports import Transaction


def call_more(escalator: Escalator, tx: Transaction, alert: Alert) -> Alert:
    """Call everybody on duty of the rungs that were called, but those who are on it or have declined, and at once the
    next rung. Calls go on as for any alert that needs several people. On the top rung, its repetition follows.
    """
    alert = structs.replace(alert, escalation=reason_of_calls(alert))
    rungs, reached = escalator.ladder(alert).rungs, False
    for step, rung in enumerate(rungs[: max(alert.rung, 0) + 1]):
        for recipient in rung.responsible:
            reached = _call(escalator, tx, alert, recipient, step) or reached
    if reached and alert.rung + 1 >= len(rungs):
        return structs.replace(alert, climb_at=tx.now + escalator.ladder(alert).repeat)
    return escalator.escalate(tx, alert)


def _call(escalator: Escalator, tx: Transaction, alert: Alert, recipient: Recipient, step: int) -> bool:
    """Whoever was called before may have read that another has it: this is a new call."""
    on_it = {alert.owner, *alert.passed, *(one.person for one in alert.responders)}
    on_duty = {person.id: person for group in escalator.groups(alert, recipient, tx.now) for person in group}
    names = []
    for person in on_duty.values():
        if person.id in on_it:
            continue
        calls = escalator.call_writer
        request = calls.request(escalator.ladder(alert), person, recipient.role, step, MessageKind.ESCALATE, tx.now)
        request = structs.replace(request, occasion=f"more{tx.now}")
        channels = calls.channels(person, recipient)
        if channels and escalator.outbox.enqueue_call(tx, alert, request, channels):
            names.append(person.name)
    if names:
        role = escalator.renderer.catalog.role_name(recipient.role)
        text = escalator.renderer.timeline_text("calling", role=role, names=f" {'、'.join(names)}")
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "told", text)])
    return bool(names)
