"""Who hears of a danger that joined an alert: its owner, or everybody who was called and has not answered.

It works on a book inside the host's transaction, and says when nobody could be told.
"""

from __future__ import annotations

from alerts.alert import TAKEN, Alert
from alerts.escalation import roster
from alerts.escalation.escalator import Dispatch
from alerts.lifecycle.danger import Danger
from alerts.message import OVER_BUDGET, REACHING, Delivery, Kind
from alerts.messages.bundles import Added
from alerts.messages.outbox import Call
from alerts.ports import Book
from domain import Instant, Role


class Joining:
    """Messages about what joined, beside the calls of the ladder."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch

    def tell(self, book: Book, alert: Alert, danger: Danger, now: Instant) -> bool:
        """A danger joined. False when it reaches nobody: neither the owner nor, untaken, any of those called."""
        dispatch = self.dispatch
        ladder = dispatch.ladders.ladder(alert.ledger, danger.severity, danger.rule)
        added = Added(danger, ladder.arrive_within, roster.after_quiet(now, ladder.quiet, dispatch.tz))
        if alert.state in TAKEN:
            return self._tell_owner(book, alert, added, now)
        called = {
            (row.person, row.channel): row
            for row in dispatch.calls(book, alert)
            if row.person not in alert.passed and (row.state in REACHING or row.code == OVER_BUDGET)
        }
        for row in called.values():
            dispatch.bundles.added(book, alert, row, added, now)
        return bool(called)

    def tell_doors(self, book: Book, alert: Alert, now: Instant) -> None:
        """Who takes a storm hears of every door in it that he was not told of."""
        danger = Danger(alert.ladder_rule, alert.hazard, alert.title, alert.severity, alert.danger_at)
        added = Added(danger, self.dispatch.ladder(alert).arrive_within, now, alert.doors)
        if alert.doors:
            self._tell_owner(book, alert, added, now)

    def _tell_owner(self, book: Book, alert: Alert, added: Added, now: Instant) -> bool:
        dispatch = self.dispatch
        person = dispatch.community().people.get(alert.owner or "")
        if person is None:
            return False
        mine = [row for row in book.deliveries(alert.id) if row.person == person.id]
        rung = dispatch.rung(alert, max((row.rung for row in mine), default=alert.rung))
        role = Role(mine[-1].role) if mine else rung.role
        call = Call(person, role, alert.rung, Kind.ADDED, added.limit_ms, added.not_before)
        outbox = dispatch.outbox
        ways = outbox.ways(person, rung.channels) or outbox.ways(person, dispatch.channels(alert))[:1]
        for channel in ways:
            dispatch.bundles.added(book, alert, outbox.addressed(alert, call, channel, now), added, now)
        return bool(ways)

    def by_other_channel(self, book: Book, alert: Alert, failed: Delivery, now: Instant) -> bool:
        """Whether the person of a failed message about what joined hears of it by another channel."""
        dispatch = self.dispatch
        rows = [row for row in book.deliveries(alert.id) if row.kind is Kind.ADDED and row.person == failed.person]
        again = [row for row in rows if row.created_at >= failed.created_at and row.id != failed.id]
        if any(row.state in REACHING for row in again):
            return True
        tried = {failed.channel, *(row.channel for row in again)}
        person = dispatch.community().people.get(failed.person)
        left = [way for way in dispatch.channels(alert) if way not in tried]
        if person is None or not (ways := [way for way in dispatch.outbox.ways(person, left) if way not in tried]):
            return False
        call = Call(person, Role(failed.role), failed.rung, Kind.ADDED, 0, now)
        to = dispatch.outbox.addressed(alert, call, ways[0], now)
        dispatch.bundles.by_other_channel(book, alert, failed, to, now)
        return True
