"""Reminders of an alert that are due: supervisors, the end of a supervision order, the next verifier, the re-alarm.

They never change the state: the deadline of the state is due_alerts'. Every step of the lifecycle removes the times
that no longer apply (`alerts.lifecycle.reminders`). Runs inside the caller's transaction.
"""

from __future__ import annotations

from msgspec import structs

from alerts.alert import SETTLED_STATES, Alert, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.handling.case_effects import CaseEffects, IsStillDangerous
from alerts.lifecycle.reminders import ORDER, TAKE, last_answer_at, mark_overdue, pause_after
from alerts.ports import Transaction


class CaseReminders:
    """Processes the reminders of one alert."""

    def __init__(self, escalator: Escalator, effects: CaseEffects, is_dangerous: IsStillDangerous) -> None:
        self.escalator, self.effects, self.is_dangerous = escalator, effects, is_dangerous

    def process(self, tx: Transaction, alert: Alert) -> None:
        """Process what is due; saves the alert when something was."""
        after = alert
        steps = (
            self._mark_not_taken,
            self._end_order,
            self._supervise,
            self._ask_verifier,
            self._second,
            self._realarm,
        )
        for step in steps:
            after = step(tx, after)
        if after is not alert:
            tx.store.save_alert(structs.replace(after, updated_at=tx.now))

    def _mark_not_taken(self, tx: Transaction, alert: Alert) -> Alert:
        """The deadline for acknowledging passed, whether or not the ladder calls somebody now."""
        if not alert.escalates or alert.overdue_since is not None or alert.due_at is None or alert.due_at > tx.now:
            return alert
        return mark_overdue(alert, TAKE, tx.now, self.escalator.ladder(alert).deadlines)

    def _end_order(self, tx: Transaction, alert: Alert) -> Alert:
        """The deadline of a supervision order passed: overdue, and told again at each interval."""
        if alert.order_until is None or alert.order_until > tx.now:
            return alert
        late = mark_overdue(alert, ORDER, tx.now, self.escalator.ladder(alert).deadlines)
        return structs.replace(late, order_until=None, supervise_at=tx.now)

    def _supervise(self, tx: Transaction, alert: Alert) -> Alert:
        if alert.supervise_at is None or alert.supervise_at > tx.now:
            return alert
        self.effects.supervision.notify_overdue(tx, alert)
        times = self.escalator.ladder(alert).deadlines
        # The danger is dealt with and a signature is owed: a supervisor told of that every half hour of the night stops
        # reading what he is told of dangers. Of anything else he is told at doubling intervals, for the same reason.
        times_notified = self.effects.supervision.times_notified(tx, alert)
        pause_ms = times.verify_ms if alert.state in SETTLED_STATES else pause_after(times_notified, times.supervise_ms)
        return structs.replace(alert, supervise_at=tx.now + pause_ms)

    def _ask_verifier(self, tx: Transaction, alert: Alert) -> Alert:
        """Ask the next person; not while the device still reports the danger, because nobody could verify then. People
        are called again by the recheck."""
        if alert.verify_at is None or alert.verify_at > tx.now:
            return alert
        wait_ms = self.escalator.ladder(alert).deadlines.ask_verifier_ms
        if self.is_dangerous(tx.store, alert, tx.now - wait_ms):
            return structs.replace(alert, verify_at=tx.now + wait_ms)
        return self.effects.verification.ask(tx, alert)

    def _second(self, tx: Transaction, alert: Alert) -> Alert:
        """The second verification of a citizen's report: its deadline, and the next person to ask."""
        check = alert.second_check
        if check is None or check.wake_at is None or check.wake_at > tx.now:
            return alert
        return self.effects.second_check.remind(tx, alert, check)

    def _realarm(self, tx: Transaction, alert: Alert) -> Alert:
        """Tell the owner again while the device still reports the danger (ISA-18.2: re-alarm), the supervisors once.

        Not within the interval after he acknowledged or arrived: he has just said that he is on it. On site he sees the
        danger himself, so that he is reminded at doubling intervals.
        """
        interval_ms = self.escalator.ladder(alert).deadlines.realarm_ms
        if alert.realarm_at is None or alert.realarm_at > tx.now:
            return alert
        if interval_ms is None:
            return structs.replace(alert, realarm_at=None)
        begin = last_answer_at(alert) + interval_ms
        if begin > tx.now:
            return structs.replace(alert, realarm_at=begin)
        pause_ms = interval_ms
        if self.is_dangerous(tx.store, alert, tx.now - interval_ms):
            names = "、".join(self.effects.supervision.notify_realarm(tx, alert))
            if names:
                text = self.escalator.renderer.timeline_text("realarmed", names=names)
                tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "realarmed", text)])
            if alert.state is State.ON_SITE:
                pause_ms = pause_after(self.effects.supervision.times_realarmed(tx, alert), interval_ms)
        return structs.replace(alert, realarm_at=tx.now + pause_ms)
