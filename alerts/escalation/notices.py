"""Notices of the case process to one person: no longer responsible, asked to verify, supervision, merged, re-alarm.

A notice is no call: it asks nobody to acknowledge, and the escalation does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, structs

from alerts.alert import Alert
from alerts.channel_specs import LOGBOOK, Content, spec_of
from alerts.escalation.escalator import Escalator
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.message import SUPERSEDED, VERIFYING_KINDS, Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import address_of, delivery_id
from alerts.messages.outbox import CallRequest
from alerts.messages.renderer import MessageContext
from alerts.messages.together import MAY_WAIT, is_overdue_notice, next_begin
from alerts.ports import Transaction
from domain import Instant, Person, Severity

_IS_REMINDER: Final = "reminder"
"""Marks a reminder in the payload of its message."""
_CARDS: Final = (MessageKind.VERIFY, MessageKind.VERIFY_STREET, MessageKind.DISPOSITION)
"""Notices that are answered: cards in WeCom, where the others are plain texts."""


class Notice(Struct, frozen=True):
    """What is told: kind and variant of the text, its variables, and `occasion`, which makes a second notice of this
    kind to the same person a new message."""

    kind: MessageKind
    occasion: object
    variant: str = ""
    name: str = ""
    reason: str = ""
    limit_ms: int = 0
    span_ms: int = 0
    """How long it waits for others of its kind to this person (alerts.messages.together)."""
    is_reminder: bool = False
    """Takes the place of an earlier reminder of its kind about this alert that still waits for this person: after a
    night of quiet hours he is told once."""


class Notices:
    """Enqueues notices, in the transaction of the change that causes them."""

    def __init__(self, escalator: Escalator) -> None:
        self.escalator, self.outbox, self.renderer = escalator, escalator.outbox, escalator.renderer

    def channels(self, alert: Alert, person: Person) -> list[str]:
        """The channels that can show a text to this person; all of them for what is urgent, else the first."""
        wanted = [
            channel for channel in self.escalator.channels(alert) if spec_of(channel).content is not Content.SPEECH
        ]
        found = self.outbox.reachable_channels(person, wanted)
        texts = [channel for channel in found if channel != LOGBOOK] or found
        urgent = alert.severity in (Severity.CRITICAL, Severity.HIGH)
        return texts if urgent else texts[:1]

    def notify(self, tx: Transaction, alert: Alert, person: Person, role: str, notice: Notice) -> bool:
        """Enqueue the notice on this person's channels; False when he has none. A supervision that waits already for
        this alert stands for it: its text is rendered when it is sent."""
        waiting = self._waiting(tx, alert, person, notice.kind) if notice.is_reminder else []
        if notice.span_ms and any(map(is_overdue_notice, waiting)):
            return True
        first = tx.store.next_delivery_number()
        rows = [
            self._row(tx, alert, person, role, notice, channel, delivery_id(tx.now, first + place))
            for place, channel in enumerate(self.channels(alert, person))
        ]
        is_enqueued = bool(self.outbox.admission.enqueue(tx, rows, alert))
        if is_enqueued:
            self._withdraw(tx, [row for row in waiting if row.payload.get(_IS_REMINDER) is True])
        return is_enqueued

    def _withdraw(self, tx: Transaction, rows: Iterable[Delivery]) -> None:
        """A newer reminder takes their place; the timeline has an entry of each already."""
        for row in rows:
            skipped = structs.replace(
                row, state=DeliveryState.SKIPPED, lease_until=None, outcome="skipped", code=SUPERSEDED
            )
            tx.store.update_delivery(row, skipped, tx.now, SUPERSEDED)

    def _waiting(self, tx: Transaction, alert: Alert, person: Person, kind: MessageKind) -> list[Delivery]:
        """What waits for its time: quiet hours, or others of its kind."""
        rows = [row for row in tx.store.deliveries(alert.id) if (row.kind, row.person) == (kind, person.id)]
        pending = [row for row in rows if row.state is DeliveryState.PENDING]
        return [row for row in pending if row.not_before > max(row.created_at, tx.now)]

    def notify_all(
        self, tx: Transaction, alert: Alert, people: Iterable[tuple[Person, str]], notice: Notice
    ) -> list[str]:
        """The names of those who were told."""
        return [person.name for person, role in people if self.notify(tx, alert, person, role, notice)]

    def not_before(self, alert: Alert, now: Instant, kind: MessageKind | None = None) -> Instant:
        """Now, or the end of the ladder's quiet hours; of a request to verify, of those of verification too."""
        quiet, tz = [self.escalator.ladder(alert).quiet], self.escalator.tz
        if kind in VERIFYING_KINDS:
            quiet.append(self.escalator.choice.policy.verify_quiet)
        return max(end_of_quiet_hours(now, hours, tz) for hours in quiet)

    def begin(self, tx: Transaction, alert: Alert, person: Person, notice: Notice) -> Instant:
        """When this notice will be sent on the last of the person's channels."""
        addresses = [(channel, address_of(person, channel)) for channel in self.channels(alert, person)]
        begin = self.not_before(alert, tx.now, notice.kind)
        kind, span_ms = notice.kind, notice.span_ms
        later = (next_begin(tx.store, kind, channel, to, begin, span_ms) for channel, to in addresses)
        return max((begin, *later))

    def _row(
        self, tx: Transaction, alert: Alert, person: Person, role: str, notice: Notice, channel: str, task: str
    ) -> Delivery:
        to = address_of(person, channel)
        begin = self.not_before(alert, tx.now, notice.kind)
        begin = next_begin(tx.store, notice.kind, channel, to, begin, notice.span_ms)
        call = CallRequest(person, role, alert.rung, notice.kind, notice.limit_ms, begin)
        draft = self.outbox.draft(alert, call, channel, tx.now)
        key = f"{alert.id}:{alert.round}:{notice.kind}:{person.id}:{channel}:{notice.occasion}"
        payload = self._payload(tx, alert, draft, notice, task)
        payload |= {MAY_WAIT: True} if notice.span_ms else {}
        payload |= {_IS_REMINDER: True} if notice.is_reminder else {}
        return structs.replace(draft, id=task, key=key, payload=payload)

    def _payload(self, tx: Transaction, alert: Alert, row: Delivery, notice: Notice, task: str) -> dict[str, object]:
        spec = spec_of(row.channel)
        coded = spec.coded
        number = tx.store.assign_reply_code(row.address, alert.id, row.person, tx.now) if coded else None
        context = MessageContext(
            kind=notice.kind,
            now=tx.now,
            limit_ms=notice.limit_ms,
            number=number,
            name=notice.name,
            variant=notice.variant,
            reason=notice.reason,
            coded=coded and number is not None,
        )
        page = self.outbox.page_url(alert.id, row.person, tx.now)
        if spec.content is Content.CARD and notice.kind in _CARDS:
            return {"card": self.outbox.cards.question_card(alert, context, task, page)}
        return self.outbox.contents.payload(spec, alert, context, page)
