"""Whom to notify of a critical danger while the ledger cannot be written, and with which text. Plans only.

Nobody can acknowledge: the ladder is climbed by its waits alone. A danger that the ledger does not have is opened, and
asks for an acknowledgement, when the ledger is back; one that it has goes on there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from msgspec import structs

from alerts.alert import Alert, State
from alerts.channel_specs import LOGBOOK, Content, spec_of
from alerts.escalation.escalator import Escalator
from alerts.escalation.policy import Recipient
from alerts.message import Delivery, MessageKind
from alerts.messages.outbox import CallRequest
from alerts.messages.renderer import MessageContext
from alerts.roster.on_duty import last_resort_people
from domain import Instant, Person

OUTAGE: Final = "outage"
"""Variant of the templates: what happened, and that no reply is possible now."""


def outage_texts(
    escalator: Escalator, alert: Alert, waited_ms: int, now: Instant, called: Collection[str] = ()
) -> list[Delivery]:
    """Messages without an id, to those on the rungs whose time has come `waited_ms` after the danger was found; the
    site's last resort where no rung leads to anybody. `alert` is the one that the finding would open, or has opened;
    people who were `called` about it get none."""
    rows, begin = list[Delivery](), 0
    for step, rung in enumerate(escalator.ladder(alert).rungs):
        if (rows or called) and begin > waited_ms:
            return rows
        for recipient in rung.responsible:
            rows += _of_recipient(escalator, alert, recipient, step, now, called)
        begin += rung.wait
    return rows if rows or called else list(_last_resort(escalator, alert, now))


def climbed_ms(escalator: Escalator, alert: Alert, now: Instant) -> int:
    """How long the ladder of an alert has been climbed: of one that nobody has acknowledged, by the waits of its rungs
    (its next rung is due at `climb_at`); of one whose owner is on his way, since he should have arrived."""
    if alert.state is State.ACKNOWLEDGED:
        return -1 if alert.due_at is None else now - alert.due_at
    rungs = escalator.ladder(alert).rungs[: alert.rung + 1]
    return sum(rung.wait for rung in rungs) + now - (now if alert.climb_at is None else alert.climb_at)


def _of_recipient(
    escalator: Escalator, alert: Alert, recipient: Recipient, step: int, now: Instant, called: Collection[str]
) -> list[Delivery]:
    """The first group of a recipient to which a text leads; none where somebody of that group was called."""
    for group in escalator.groups(alert, recipient, now):
        missing = [person for person in group if person.id not in called]
        rows = [row for person in missing for row in _to_person(escalator, alert, person, recipient, step, now)]
        if rows or len(missing) < len(group):
            return rows
    return []


def _last_resort(escalator: Escalator, alert: Alert, now: Instant) -> Iterator[Delivery]:
    role = escalator.rung(alert, 0).responsible[0].role
    recipient = Recipient(role=role, channels=escalator.channels(alert))
    for person in last_resort_people(escalator.community(), escalator.last_resort, now, escalator.tz):
        yield from _to_person(escalator, alert, person, recipient, 0, now)


def _to_person(
    escalator: Escalator, alert: Alert, person: Person, recipient: Recipient, step: int, now: Instant
) -> Iterator[Delivery]:
    """A call by voice asks for a key that nothing could take; the logbook is in the ledger."""
    outbox, limit_ms = escalator.outbox, escalator.ladder(alert).arrive_within
    for channel in escalator.call_writer.channels(person, recipient):
        spec = spec_of(channel)
        if channel == LOGBOOK or spec.content is Content.SPEECH:
            continue
        call = CallRequest(person, recipient.role, step, MessageKind.ALERT, limit_ms, now)
        context = MessageContext(
            kind=MessageKind.ALERT, now=now, limit_ms=limit_ms, variant=OUTAGE, coded=False,
            affected_name=outbox.affected_name(alert),
        )  # fmt: skip
        row = outbox.draft(alert, call, channel, now)
        payload = outbox.contents.payload(spec, alert, context)
        key = f"{OUTAGE}:{alert.rule}:{alert.device or alert.subject}:{person.id}:{channel}"
        yield structs.replace(row, key=key, alert=None, payload=payload)
