"""`ExchangeTransact` of alerts/exchange/ports.py on a database, and the recorder that writes events with changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from alerts.exchange.messages import (
    CaseLink,
    Changes,
    Failure,
    MessageState,
    NewEvent,
    OutgoingMessage,
    ReceivedEvent,
    TargetStatus,
)
from alerts.exchange.ports import CaseLinks, ExchangeStore
from alerts.ports import AlertStore
from domain import Instant
from store.database.alerts.transactions import Transactions
from store.database.exchange import cases, outbox
from store.database.reports import photos

T = TypeVar("T")


class SqlExchangeStore:
    """The exchange store of one transaction. Methods: see alerts/exchange/ports.py."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx

    def link(self, system: str, external_id: str) -> CaseLink | None:
        return cases.find_link(self._tx, system, external_id)

    def links_of(self, alert: int) -> list[CaseLink]:
        return cases.links_of(self._tx, alert)

    def photos_of(self, alert: int) -> list[int]:
        return [photo.id for photo in photos.photos_of_alert(self._tx, alert)]

    def save_link(self, link: CaseLink) -> None:
        cases.save_link(self._tx, link)

    def received(self, system: str, event_id: str) -> ReceivedEvent | None:
        return cases.find_received(self._tx, system, event_id)

    def save_received(self, event: ReceivedEvent) -> None:
        cases.save_received(self._tx, event)

    def due_messages(self, target: str, now: Instant, limit: int) -> list[OutgoingMessage]:
        return outbox.due_messages(self._tx, target, now, limit)

    def next_due(self, target: str) -> Instant | None:
        return outbox.next_due(self._tx, target)

    def message(self, number: int) -> OutgoingMessage | None:
        return outbox.get_message(self._tx, number)

    def settle(
        self,
        number: int,
        state: MessageState,
        now: Instant,
        status: int | None,
        error: str,
        failure: Failure | None = None,
    ) -> None:
        outbox.settle(self._tx, number, state, now, status, error, failure)

    def postpone(
        self, number: int, not_before: Instant, status: int | None, error: str, failure: Failure | None = None
    ) -> None:
        outbox.postpone(self._tx, number, not_before, status, error, failure)

    def resend(self, number: int, now: Instant) -> bool:
        return outbox.resend(self._tx, number, now)

    def target_status(self, target: str) -> TargetStatus:
        return outbox.target_status(self._tx, target)

    def record_success(self, target: str, now: Instant) -> Instant | None:
        return outbox.record_success(self._tx, target, now)

    def record_failure(self, target: str, now: Instant, error: str) -> Instant:
        return outbox.record_failure(self._tx, target, now, error)


PlanEvents = Callable[[Changes, CaseLinks], Sequence[NewEvent]]
"""Makes the events of one transaction's changes (alerts.exchange.planner); it may save links."""


class ExchangeRecorder:
    """Stores the events of a transaction's changes in the same transaction: none is lost, none is invented.

    A change of which no event can be made, because of a bug, is reported to `on_fault` and saved all the same: that an
    alert is opened never depends on outside systems.
    """

    def __init__(
        self, plan: PlanEvents, clock: Callable[[], Instant], on_fault: Callable[[str, Exception], None]
    ) -> None:
        self._plan, self._clock, self._on_fault = plan, clock, on_fault

    def __call__(self, tx: Connection, changes: Changes) -> None:
        links = SqlExchangeStore(tx)
        parts = [(f"alert {change.after.id}", Changes((change,))) for change in changes.alerts]
        parts += [(f"finding {finding.id}", Changes((), (finding,))) for finding in changes.findings]
        events = [event for about, part in parts for event in self._events_of(about, part, links)]
        if events:
            outbox.append(tx, events, self._clock())

    def _events_of(self, about: str, changes: Changes, links: CaseLinks) -> Sequence[NewEvent]:
        try:
            return self._plan(changes, links)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - reported; the alert must be saved
            self._on_fault(about, error)
            return ()


class _Writer(Protocol):
    def write(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class ExchangeTransactions:
    """`ExchangeTransact` on a database; changes of alerts are recorded as in every other transaction."""

    def __init__(self, database: _Writer, transactions: Transactions) -> None:
        self._database, self._transactions = database, transactions

    def __call__(self, work: Callable[[AlertStore, ExchangeStore], T]) -> Awaitable[T]:
        def within(tx: Connection) -> T:
            exchange = SqlExchangeStore(tx)
            return self._transactions.run(tx, lambda store: work(store, exchange))

        return self._database.write(within)
