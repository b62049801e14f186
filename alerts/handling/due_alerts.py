"""What happens by itself: deadlines of open alerts, and looks at settled ones whose data is not over."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.alert import SETTLED, SYSTEM, Alert, State
from alerts.handling.finding_status import FindingStatus, StatusOf
from alerts.handling.processor import Casework
from alerts.lifecycle import advance as lifecycle
from alerts.lifecycle.advance import Happening, is_unverified
from alerts.lifecycle.transitions import Signal
from alerts.ports import Book
from domain import Instant, Ledger


class Deadlines:
    """Moves alerts that have come due, each in the transaction it is given."""

    def __init__(self, casework: Casework, status_of: StatusOf) -> None:
        self.casework, self.status_of = casework, status_of

    def move(self, book: Book, alert: Alert, now: Instant) -> None:
        """One alert whose time has come."""
        if alert.state in SETTLED:
            self.look_again(book, alert, now)
        else:
            self.casework.happen(book, alert, Happening(Signal.DUE, SYSTEM), now)

    def look_again(self, book: Book, alert: Alert, now: Instant) -> None:
        """People said that it is dealt with: calls anew when the device, heard since then, says otherwise."""
        pace = self.casework.dispatch.ladder(alert).pace
        data = self.with_data(book, alert, Happening(Signal.DUE, SYSTEM), alert.state_since)
        if data.burning and alert.ledger is Ledger.DANGER:
            self.casework.happen(book, alert, Happening(Signal.PERSISTS, SYSTEM), now)
        elif alert.state is State.RESOLVED and not is_unverified(alert, pace):
            book.save(replace(alert, due_at=lifecycle.look_again(alert, now, pace)))
        elif alert.state is State.CLOSED:
            book.save(replace(alert, due_at=now + pace.arrive_ms if data.standing else None))
        else:
            self.casework.happen(book, alert, data, now)

    def with_data(self, book: Book, alert: Alert, happening: Happening, heard_since: Instant | None) -> Happening:
        found = {self.status_of(one, device, heard_since) for one, device in book.standing_findings(alert.id)}
        active = FindingStatus.ACTIVE in found
        return replace(happening, burning=active, standing=active or FindingStatus.UNHEARD in found)
