"""What the exchange needs from a store. Every method runs inside the transaction that the host opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from alerts.exchange.messages import CaseLink, Failure, MessageState, OutgoingMessage, ReceivedEvent, TargetStatus
from alerts.ports import AlertStore
from domain import Instant

T = TypeVar("T")


class CaseLinks(Protocol):
    """Alerts under their numbers in outside systems."""

    def link(self, system: str, external_id: str) -> CaseLink | None:
        """The link by the number under which the system knows the case: `external_id`, else `their_id`."""
        ...

    def links_of(self, alert: int) -> list[CaseLink]: ...

    def photos_of(self, alert: int) -> list[int]:
        """Ids of the photos of an alert, oldest first."""
        ...

    def save_link(self, link: CaseLink) -> None:
        """Insert the link, or replace the one with this number."""
        ...


class ExchangeStore(CaseLinks, Protocol):
    """Links, messages to targets, and events that came in."""

    def received(self, system: str, event_id: str) -> ReceivedEvent | None: ...

    def save_received(self, event: ReceivedEvent) -> None: ...

    def due_messages(self, target: str, now: Instant, limit: int) -> list[OutgoingMessage]:
        """Due messages, oldest first; of each subject only the oldest that is not settled."""
        ...

    def next_due(self, target: str) -> Instant | None:
        """When the next of those becomes due."""
        ...

    def message(self, number: int) -> OutgoingMessage | None: ...

    def settle(
        self,
        number: int,
        state: MessageState,
        now: Instant,
        status: int | None,
        error: str,
        failure: Failure | None = None,
    ) -> None:
        """Delivered or given up."""
        ...

    def postpone(
        self, number: int, not_before: Instant, status: int | None, error: str, failure: Failure | None = None
    ) -> None:
        """One more attempt failed; the next at `not_before`."""
        ...

    def resend(self, number: int, now: Instant) -> bool:
        """Make a dead message pending again, with its attempts counted anew. False unless it is dead."""
        ...

    def target_status(self, target: str) -> TargetStatus: ...

    def record_success(self, target: str, now: Instant) -> Instant | None:
        """A request was accepted; returns since when the target had failed, if it had."""
        ...

    def record_failure(self, target: str, now: Instant, error: str) -> Instant:
        """A request failed; returns since when."""
        ...


class ExchangeTransact(Protocol):
    """Runs `work` on alerts and exchange in one transaction: committed and synced when it returns, or not at all."""

    def __call__(self, work: Callable[[AlertStore, ExchangeStore], T], /) -> Awaitable[T]: ...
