"""Calls to one person: the channels of the recipient, the row in the outbox, and the timeline entry when none leads to
the person. Runs inside the caller's transaction."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from alerts.alert import Alert, TimelineEntry
from alerts.channel_specs import FollowUp, spec_of
from alerts.escalation.policy import Ladder, Recipient
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.message import Delivery, MessageKind
from alerts.messages.outbox import CallRequest, OutboxWriter
from alerts.ports import Transaction
from domain import Instant, Person


class CallWriter:
    """Enqueues the calls of an escalation."""

    def __init__(self, outbox: OutboxWriter, tz: ZoneInfo) -> None:
        self.outbox, self.renderer, self.tz = outbox, outbox.renderer, tz

    def call(
        self,
        tx: Transaction,
        alert: Alert,
        ladder: Ladder,
        person: Person,
        recipient: Recipient,
        step: int,
        kind: MessageKind,
    ) -> bool:
        """Call one person; False, with a timeline entry, when no channel leads to him."""
        request = self.request(ladder, person, recipient.role, step, kind, tx.now)
        channels = self.channels(person, recipient)
        if channels and self.outbox.enqueue_call(tx, alert, request, channels):
            if request.not_before > tx.now:
                tx.store.add_timeline([self._queued_entry(alert, request, tx.now)])
            return True
        role = self.renderer.catalog.role_name(recipient.role)
        text = self.renderer.timeline_text("unreachable", name=person.name, role=role)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "unreachable", text, person=person.id)])
        return False

    def channels(self, person: Person, recipient: Recipient) -> list[str]:
        """All regular channels that lead to the person, else the first fallback that does."""
        regular = self.outbox.reachable_channels(person, recipient.channels)
        return regular or self.outbox.reachable_channels(person, recipient.fallback)[:1]

    def request(
        self, ladder: Ladder, person: Person, role: str, step: int, kind: MessageKind, now: Instant
    ) -> CallRequest:
        return CallRequest(
            person=person,
            role=role,
            rung=step,
            kind=kind,
            limit_ms=ladder.arrive_within,
            not_before=end_of_quiet_hours(now, ladder.quiet, self.tz),
        )

    def follow_up(
        self, tx: Transaction, alert: Alert, row: Delivery, kind: MessageKind, name: str, not_before: Instant
    ) -> None:
        """How it went on, to a person who was called. While more people are needed, those who are not on it keep their
        buttons and are asked once more."""
        variant = ""
        if alert.people_missing and all(one.person != row.person for one in alert.responders):
            if spec_of(row.channel).follow_up is FollowUp.UPDATE:
                return
            variant = "more"
        self.outbox.enqueue_update(tx, alert, row, kind, name, not_before, variant, alert.people_missing)

    def _queued_entry(self, alert: Alert, call: CallRequest, now: Instant) -> TimelineEntry:
        until = self.renderer.format_time(call.not_before, now)
        role = self.renderer.catalog.role_name(call.role)
        text = self.renderer.timeline_text("queued", until=until, name=call.person.name, role=role)
        return TimelineEntry(alert.id, now, "queued", text, person=call.person.id)
