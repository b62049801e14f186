"""What happens by itself: deadlines of open alerts, and looks at settled ones whose data is not over."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.alert import SETTLED_STATES, SYSTEM, Alert, State
from alerts.handling.finding_status import FindingStatus, StatusOf
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle import advance as lifecycle
from alerts.lifecycle.advance import is_verification_overdue
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.ports import AlertStore, Transaction
from domain import Instant, Ledger


class DueAlerts:
    """Moves alerts that have come due, each in the transaction it is given."""

    def __init__(self, processor: AlertProcessor, status_of: StatusOf) -> None:
        self.processor, self.status_of = processor, status_of

    def process(self, tx: Transaction, alert: Alert) -> None:
        """One alert whose time has come."""
        if alert.state in SETTLED_STATES:
            self.recheck(tx, alert)
        else:
            self.processor.apply(tx, alert, AlertEvent(Signal.DEADLINE, SYSTEM))

    def recheck(self, tx: Transaction, alert: Alert) -> None:
        """People said that it is dealt with: calls anew when the device, heard since then, says otherwise."""
        pace = self.processor.escalator.ladder(alert).deadlines
        data = self.with_finding_status(tx.store, alert, AlertEvent(Signal.DEADLINE, SYSTEM), alert.state_since)
        if data.still_dangerous and alert.ledger is Ledger.DANGER:
            self.processor.apply(tx, alert, AlertEvent(Signal.STILL_FIRING, SYSTEM))
        elif alert.state is State.RESOLVED and not is_verification_overdue(alert, pace):
            tx.store.save_alert(replace(alert, due_at=lifecycle.next_recheck(alert, tx.now, pace)))
        elif alert.state is State.CLOSED:
            tx.store.save_alert(replace(alert, due_at=tx.now + pace.arrive_ms if data.still_firing else None))
        else:
            self.processor.apply(tx, alert, data)

    def with_finding_status(
        self, store: AlertStore, alert: Alert, event: AlertEvent, heard_since: Instant | None
    ) -> AlertEvent:
        found = {self.status_of(one, device, heard_since) for one, device in store.active_findings(alert.id)}
        active = FindingStatus.ACTIVE in found
        return replace(event, still_dangerous=active, still_firing=active or FindingStatus.UNHEARD in found)
