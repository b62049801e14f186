"""Notices about a danger that joined an alert: to its owner, or to everybody called who has not answered.

Runs inside the caller's transaction; the return value says whether anybody could be notified.
"""

from __future__ import annotations

from alerts.alert import OWNED_STATES, Alert
from alerts.escalation.escalator import Escalator
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.lifecycle.addresses import is_named
from alerts.lifecycle.danger import Danger
from alerts.message import NOT_FAILED, OVER_BUDGET, Delivery, MessageKind
from alerts.messages.bundles import JoinedDanger
from alerts.messages.outbox import CallRequest
from alerts.ports import Transaction


class JoinedDangerNotices:
    """Enqueues the notices; the calls of the ladder are not affected."""

    def __init__(self, escalator: Escalator) -> None:
        self.escalator = escalator

    def notify(self, tx: Transaction, alert: Alert, danger: Danger) -> bool:
        """Notify of a danger that joined. False when this reaches neither the owner nor, without one, anybody
        called."""
        escalator = self.escalator
        ladder = escalator.choice.of_rule(alert, danger.severity, danger.rule)
        joined = JoinedDanger(danger, ladder.arrive_within, end_of_quiet_hours(tx.now, ladder.quiet, escalator.tz))
        if alert.state in OWNED_STATES:
            return self._notify_owner(tx, alert, joined)
        called = {
            (row.person, row.channel): row
            for row in escalator.calls(tx.store, alert)
            if row.person not in alert.passed and (row.state in NOT_FAILED or row.code == OVER_BUDGET)
        }
        for row in called.values():
            escalator.bundles.enqueue_joined(tx, alert, row, joined)
        return bool(called)

    def notify_owner_of_addresses(self, tx: Transaction, alert: Alert) -> None:
        """Notify the owner of the addresses of a grouped alert that no message to him listed. A call about a building
        names them where they fit."""
        line = self.escalator.renderer.address(alert)
        if all(is_named(line, door) for door in alert.doors):
            return
        danger = Danger(alert.ladder_rule, alert.hazard, alert.title, alert.severity, alert.danger_at)
        joined = JoinedDanger(danger, self.escalator.ladder(alert).arrive_within, tx.now, alert.doors)
        self._notify_owner(tx, alert, joined)

    def _notify_owner(self, tx: Transaction, alert: Alert, joined: JoinedDanger) -> bool:
        escalator = self.escalator
        person = escalator.community().people.get(alert.owner or "")
        if person is None:
            return False
        messages = [row for row in tx.store.deliveries(alert.id) if row.person == person.id]
        rung = escalator.rung(alert, max((row.rung for row in messages), default=alert.rung))
        recipient = rung.recipient(messages[-1].role if messages else "")
        role = messages[-1].role if messages else recipient.role
        call = CallRequest(person, role, alert.rung, MessageKind.ADDED, joined.limit_ms, joined.not_before)
        outbox = escalator.outbox
        channels = (
            outbox.reachable_channels(person, recipient.channels)
            or outbox.reachable_channels(person, escalator.channels(alert))[:1]
        )
        for channel in channels:
            escalator.bundles.enqueue_joined(tx, alert, outbox.draft(alert, call, channel, tx.now), joined)
        return bool(channels)

    def try_next_channel(self, tx: Transaction, alert: Alert, failed: Delivery) -> bool:
        """Whether the recipient of a failed notice is notified by another channel."""
        escalator = self.escalator
        rows = [
            row
            for row in tx.store.deliveries(alert.id)
            if row.kind is MessageKind.ADDED and row.person == failed.person
        ]
        later = [row for row in rows if row.created_at >= failed.created_at and row.id != failed.id]
        if any(row.state in NOT_FAILED for row in later):
            return True
        tried = {failed.channel, *(row.channel for row in later)}
        person = escalator.community().people.get(failed.person)
        left = [way for way in escalator.channels(alert) if way not in tried]
        if person is None or not (
            channels := [way for way in escalator.outbox.reachable_channels(person, left) if way not in tried]
        ):
            return False
        call = CallRequest(person, failed.role, failed.rung, MessageKind.ADDED, 0, tx.now)
        to = escalator.outbox.draft(alert, call, channels[0], tx.now)
        escalator.bundles.enqueue_on_channel(tx, alert, failed, to)
        return True
