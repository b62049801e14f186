"""Automatic transitions: deadlines of active alerts, and rechecks of settled ones whose findings have not ended."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from alerts.alert import SETTLED_STATES, SYSTEM, Alert, CaseDisposition, State
from alerts.escalation.escalator import Escalator
from alerts.handling.case_reminders import CaseReminders
from alerts.handling.finding_status import FindingStatus, StatusOf
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.advance import is_verification_overdue, next_recheck
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.reminders import pause_after
from alerts.lifecycle.transitions import Signal
from alerts.ports import AlertStore, FindingLog, Transaction
from domain import Instant, Ledger, Severity

_NO_DANGER: Final = (CaseDisposition.FALSE_ALARM, CaseDisposition.TEST, CaseDisposition.DEVICE_FAULT)
NO_DANGER_TIMES: Final = 4
"""A person who was there found no danger, and the device goes on: so much later is it called again, but for a critical
one. A new onset calls at once."""


class DueAlerts:
    """Processes alerts whose deadline has passed."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, status_of: StatusOf) -> None:
        self.processor, self.escalator, self.status_of = processor, escalator, status_of
        processor.case_effects.is_dangerous = self._is_still_dangerous
        self.reminders = CaseReminders(escalator, processor.case_effects, self._is_still_dangerous)

    def process(self, tx: Transaction, alert: Alert) -> None:
        """Process one alert that is due: the deadline of its state, then its reminders."""
        if alert.next_deadline is not None and alert.next_deadline <= tx.now:
            self._process_deadline(tx, alert)
            alert = tx.store.alert(alert.id) or alert
        self.reminders.process(tx, alert)

    def _process_deadline(self, tx: Transaction, alert: Alert) -> None:
        if alert.state in SETTLED_STATES:
            self.recheck(tx, alert)
        elif alert.returned_to is not None:
            body = self.processor.case_effects.handover.body(alert, alert.returned_to, tx.now)
            name = alert.returned_to if body is None else body.name
            expired = AlertEvent(Signal.RETURN_EXPIRED, SYSTEM, to=alert.returned_to, to_name=name)
            self.processor.apply(tx, alert, expired)
        else:
            self.processor.apply(tx, alert, AlertEvent(Signal.DEADLINE, SYSTEM))

    def _is_still_dangerous(self, store: AlertStore, alert: Alert, received_since: Instant) -> bool:
        return self.with_finding_status(
            store, alert, AlertEvent(Signal.DEADLINE, SYSTEM), received_since
        ).still_dangerous

    def recheck(self, tx: Transaction, alert: Alert) -> None:
        """Recheck a settled alert: escalate again when its device, received since then, still reports the danger.

        When a person was there, said that it is dealt with, and the device goes on all the same, the first call comes
        after the time in which he could have arrived, each further one after four times as long as the one before.
        """
        deadlines = self.escalator.ladder(alert).deadlines
        data = self.with_finding_status(tx.store, alert, AlertEvent(Signal.DEADLINE, SYSTEM), alert.state_since)
        if data.still_dangerous and alert.ledger is Ledger.DANGER:
            pause_ms = pause_after(2 * self._times_dealt_with(tx, alert) - 1, deadlines.arrive_ms)
            if alert.disposition in _NO_DANGER and alert.severity is not Severity.CRITICAL:
                pause_ms *= NO_DANGER_TIMES
            again_at = alert.state_since + min(pause_ms, deadlines.verify_ms)
            if alert.state is State.RESOLVED and again_at > tx.now:
                tx.store.save_alert(replace(alert, due_at=again_at))
                return
            self.processor.apply(tx, alert, AlertEvent(Signal.STILL_FIRING, SYSTEM))
        elif alert.state is State.RESOLVED and not is_verification_overdue(alert, deadlines):
            tx.store.save_alert(replace(alert, due_at=next_recheck(alert, tx.now, deadlines)))
        elif alert.state is State.CLOSED:
            tx.store.save_alert(replace(alert, due_at=tx.now + deadlines.arrive_ms if data.still_firing else None))
        else:
            self.processor.apply(tx, alert, data)

    def _times_dealt_with(self, tx: Transaction, alert: Alert) -> int:
        """How often people reported it as dealt with."""
        return tx.store.times_in_timeline(alert.id, Signal.RESOLVE.value)

    def with_finding_status(
        self, store: FindingLog, alert: Alert, event: AlertEvent, received_since: Instant | None
    ) -> AlertEvent:
        """The event with the status of the alert's findings, judged by readings received since `received_since`."""
        findings = store.active_findings(alert.id)
        statuses = {self.status_of(finding, device, received_since) for finding, device in findings}
        active = FindingStatus.ACTIVE in statuses
        return replace(event, still_dangerous=active, still_firing=active or FindingStatus.NOT_RECEIVED in statuses)
