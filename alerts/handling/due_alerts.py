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
from alerts.ports import AlertStore
from domain import Instant, Ledger


class DueAlerts:
    """Moves alerts that have come due, each in the transaction it is given."""

    def __init__(self, casework: AlertProcessor, status_of: StatusOf) -> None:
        self.processor, self.status_of = casework, status_of

    def process(self, book: AlertStore, alert: Alert, now: Instant) -> None:
        """One alert whose time has come."""
        if alert.state in SETTLED_STATES:
            self.recheck(book, alert, now)
        else:
            self.processor.apply(book, alert, AlertEvent(Signal.DEADLINE, SYSTEM), now)

    def recheck(self, book: AlertStore, alert: Alert, now: Instant) -> None:
        """People said that it is dealt with: calls anew when the device, heard since then, says otherwise."""
        pace = self.processor.escalator.ladder(alert).deadlines
        data = self.with_finding_status(book, alert, AlertEvent(Signal.DEADLINE, SYSTEM), alert.state_since)
        if data.still_dangerous and alert.ledger is Ledger.DANGER:
            self.processor.apply(book, alert, AlertEvent(Signal.STILL_FIRING, SYSTEM), now)
        elif alert.state is State.RESOLVED and not is_verification_overdue(alert, pace):
            book.save_alert(replace(alert, due_at=lifecycle.next_recheck(alert, now, pace)))
        elif alert.state is State.CLOSED:
            book.save_alert(replace(alert, due_at=now + pace.arrive_ms if data.still_firing else None))
        else:
            self.processor.apply(book, alert, data, now)

    def with_finding_status(
        self, book: AlertStore, alert: Alert, happening: AlertEvent, heard_since: Instant | None
    ) -> AlertEvent:
        found = {self.status_of(one, device, heard_since) for one, device in book.active_findings(alert.id)}
        active = FindingStatus.ACTIVE in found
        return replace(happening, still_dangerous=active, still_firing=active or FindingStatus.UNHEARD in found)
