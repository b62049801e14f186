"""Automatic transitions: deadlines of active alerts, and rechecks of settled ones whose findings have not ended."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.alert import SETTLED_STATES, SYSTEM, Alert, State
from alerts.escalation.escalator import Escalator
from alerts.handling.finding_status import FindingStatus, StatusOf
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.advance import is_verification_overdue, next_recheck
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.ports import FindingLog, Transaction
from domain import Instant, Ledger


class DueAlerts:
    """Processes alerts whose deadline has passed."""

    def __init__(self, processor: AlertProcessor, escalator: Escalator, status_of: StatusOf) -> None:
        self.processor, self.escalator, self.status_of = processor, escalator, status_of

    def process(self, tx: Transaction, alert: Alert) -> None:
        """Process one alert that is due."""
        if alert.state in SETTLED_STATES:
            self.recheck(tx, alert)
        else:
            self.processor.apply(tx, alert, AlertEvent(Signal.DEADLINE, SYSTEM))

    def recheck(self, tx: Transaction, alert: Alert) -> None:
        """Recheck a settled alert: escalate again when its device, received since then, still reports the danger."""
        deadlines = self.escalator.ladder(alert).deadlines
        data = self.with_finding_status(tx.store, alert, AlertEvent(Signal.DEADLINE, SYSTEM), alert.state_since)
        if data.still_dangerous and alert.ledger is Ledger.DANGER:
            self.processor.apply(tx, alert, AlertEvent(Signal.STILL_FIRING, SYSTEM))
        elif alert.state is State.RESOLVED and not is_verification_overdue(alert, deadlines):
            tx.store.save_alert(replace(alert, due_at=next_recheck(alert, tx.now, deadlines)))
        elif alert.state is State.CLOSED:
            tx.store.save_alert(replace(alert, due_at=tx.now + deadlines.arrive_ms if data.still_firing else None))
        else:
            self.processor.apply(tx, alert, data)

    def with_finding_status(
        self, store: FindingLog, alert: Alert, event: AlertEvent, received_since: Instant | None
    ) -> AlertEvent:
        """The event with the status of the alert's findings, judged by readings received since `received_since`."""
        findings = store.active_findings(alert.id)
        statuses = {self.status_of(finding, device, received_since) for finding, device in findings}
        active = FindingStatus.ACTIVE in statuses
        return replace(event, still_dangerous=active, still_firing=active or FindingStatus.NOT_RECEIVED in statuses)
