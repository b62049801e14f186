"""Who hears of a danger that joined an alert: its owner, or everybody who was called and has not answered.

It works on a book inside the host's transaction, and says when nobody could be told.
"""

from __future__ import annotations

from alerts.alert import OWNED_STATES, Alert
from alerts.escalation import roster
from alerts.escalation.escalator import Escalator
from alerts.lifecycle.danger import Danger
from alerts.message import NOT_FAILED, OVER_BUDGET, Delivery, MessageKind
from alerts.messages.bundles import JoinedDanger
from alerts.messages.outbox import CallRequest
from alerts.ports import AlertStore
from domain import Instant, Role


class JoinedDangerNotices:
    """Messages about what joined, beside the calls of the ladder."""

    def __init__(self, dispatch: Escalator) -> None:
        self.escalator = dispatch

    def notify(self, book: AlertStore, alert: Alert, danger: Danger, now: Instant) -> bool:
        """A danger joined. False when it reaches nobody: neither the owner nor, untaken, any of those called."""
        dispatch = self.escalator
        ladder = dispatch.policy.ladder(alert.ledger, danger.severity, danger.rule)
        added = JoinedDanger(danger, ladder.arrive_within, roster.end_of_quiet_hours(now, ladder.quiet, dispatch.tz))
        if alert.state in OWNED_STATES:
            return self._notify_owner(book, alert, added, now)
        called = {
            (row.person, row.channel): row
            for row in dispatch.calls(book, alert)
            if row.person not in alert.passed and (row.state in NOT_FAILED or row.code == OVER_BUDGET)
        }
        for row in called.values():
            dispatch.bundles.enqueue_joined(book, alert, row, added, now)
        return bool(called)

    def notify_owner_of_addresses(self, book: AlertStore, alert: Alert, now: Instant) -> None:
        """Who takes a storm hears of every door in it that he was not told of."""
        danger = Danger(alert.ladder_rule, alert.hazard, alert.title, alert.severity, alert.danger_at)
        added = JoinedDanger(danger, self.escalator.ladder(alert).arrive_within, now, alert.doors)
        if alert.doors:
            self._notify_owner(book, alert, added, now)

    def _notify_owner(self, book: AlertStore, alert: Alert, added: JoinedDanger, now: Instant) -> bool:
        dispatch = self.escalator
        person = dispatch.community().people.get(alert.owner or "")
        if person is None:
            return False
        mine = [row for row in book.deliveries(alert.id) if row.person == person.id]
        rung = dispatch.rung(alert, max((row.rung for row in mine), default=alert.rung))
        role = Role(mine[-1].role) if mine else rung.role
        call = CallRequest(person, role, alert.rung, MessageKind.ADDED, added.limit_ms, added.not_before)
        outbox = dispatch.outbox
        ways = (
            outbox.reachable_channels(person, rung.channels)
            or outbox.reachable_channels(person, dispatch.channels(alert))[:1]
        )
        for channel in ways:
            dispatch.bundles.enqueue_joined(book, alert, outbox.draft(alert, call, channel, now), added, now)
        return bool(ways)

    def try_next_channel(self, book: AlertStore, alert: Alert, failed: Delivery, now: Instant) -> bool:
        """Whether the person of a failed message about what joined hears of it by another channel."""
        dispatch = self.escalator
        rows = [
            row for row in book.deliveries(alert.id) if row.kind is MessageKind.ADDED and row.person == failed.person
        ]
        again = [row for row in rows if row.created_at >= failed.created_at and row.id != failed.id]
        if any(row.state in NOT_FAILED for row in again):
            return True
        tried = {failed.channel, *(row.channel for row in again)}
        person = dispatch.community().people.get(failed.person)
        left = [way for way in dispatch.channels(alert) if way not in tried]
        if person is None or not (
            ways := [way for way in dispatch.outbox.reachable_channels(person, left) if way not in tried]
        ):
            return False
        call = CallRequest(person, Role(failed.role), failed.rung, MessageKind.ADDED, 0, now)
        to = dispatch.outbox.draft(alert, call, ways[0], now)
        dispatch.bundles.enqueue_on_channel(book, alert, failed, to, now)
        return True
