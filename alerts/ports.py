"""What the alert room needs from a store: a book read and written inside one transaction.

Every method runs in the transaction that the host opened; either all of it happens or none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from alerts.alert import Alert, TimelineEntry
from alerts.message import Delivery, MessageKind
from alerts.silence import HeldFinding, HeldState, Silence
from domain import Finding, Instant, Lane, Ledger, Person

T = TypeVar("T")


class ReplyCode(Struct, frozen=True):
    """Which alert a number stands for on one phone."""

    number: int
    alert: int
    person: str


class FindingRecord(Struct, frozen=True):
    """What is known of a finding before it is heard."""

    recorded: bool
    alert: int | None


class AlertStore(Protocol):
    """The alerts, their stories, their messages."""

    def record_callback(self, key: str, now: Instant) -> bool:
        """Whether nothing of this key was taken before; it is now. A provider's push is taken once."""
        ...

    def active_silences(self, now: Instant) -> list[Silence]:
        """The silences that cover something now, oldest first."""
        ...

    def hold_finding(self, finding: Finding, silence: int, now: Instant) -> None:
        """Keep a finding that a silence covers. One that is held stays as it began, under the newer silence."""
        ...

    def held_finding(self, finding: str) -> HeldFinding | None:
        """What is kept of a finding that was covered."""
        ...

    def silenced_findings(
        self, *, state: HeldState | None = None, silence: int | None = None, device: str | None = None
    ) -> list[HeldFinding]:
        """Findings that were covered, in the order they began."""
        ...

    def settle_held(self, finding: str, state: HeldState, now: Instant) -> None:
        """A held finding ended, or was told. One that is settled stays so."""
        ...

    def next_silence_end(self) -> Instant | None:
        """When the first silence that holds a finding ends; in the past where one is due to be told."""
        ...

    def finding_record(self, finding: Finding) -> FindingRecord:
        """Whether this finding has been heard in this phase before, and which alert it belongs to."""
        ...

    def record_finding(self, finding: Finding, alert: int | None) -> None:
        """Keep that it was heard, and which alert it belongs to."""
        ...

    def active_findings(self, alert: int) -> list[tuple[str, str | None]]:
        """Id and device of every finding of this alert that has begun and not ended."""
        ...

    def unnotified_alerts(self, opened_before: Instant) -> list[Alert]:
        """Dangers nobody is on, opened before this instant, of which no message reached or may yet reach anybody."""
        ...

    def has_active_findings(self, alert: int) -> bool:
        """True while any finding of this alert has begun and not ended."""
        ...

    def active_finding_ids(self, prefix: str) -> list[str]:
        """The ids so beginning, oldest first, of findings that have begun and not ended."""
        ...

    def alerts_to_join(self, finding: Finding, building: str | None) -> list[Alert]:
        """Unsettled alerts, newest first, about the same subject or device, or of the same rule and building; for a
        device that nobody registered, of the same rule without a device."""
        ...

    def add_alert(self, alert: Alert) -> Alert:
        """Keep a new alert; the one returned bears its id."""
        ...

    def save_alert(self, alert: Alert) -> None: ...

    def alert(self, alert: int) -> Alert | None: ...

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]: ...

    def active_alerts(self, ledger: Ledger) -> list[Alert]:
        """Every alert of this ledger that is not dealt with."""
        ...

    def next_wake(self) -> Instant | None: ...

    def alerts_without_next_step(self, now: Instant, grace_ms: int) -> list[Alert]:
        """Unsettled alerts without a next step, or whose next step is overdue by more than the grace."""
        ...

    def add_timeline(self, entries: Sequence[TimelineEntry]) -> None: ...

    def next_delivery_number(self) -> int:
        """A number no delivery has had."""
        ...

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Into the outbox. One whose key is already there is left out."""
        ...

    def deliveries(self, alert: int) -> list[Delivery]: ...

    def delivery(self, delivery: str) -> Delivery | None: ...

    def delivery_by_provider_id(self, channel: str, provider_id: str) -> Delivery | None: ...

    def update_delivery(self, old: Delivery, new: Delivery, at: Instant, detail: str) -> None:
        """Keep a delivery's new state, and the step itself as a line of its own trail."""
        ...

    def lease_deliveries(self, channel: str, now: Instant, lease_until: Instant, limit: int) -> list[Delivery]:
        """Take what is due on a channel, most urgent first, and mark it as being sent."""
        ...

    def next_delivery_due(self, channel: str) -> Instant | None: ...

    def deliveries_to(self, channel: str, address: str, since: Instant) -> list[Delivery]:
        """The messages written for this address since then, oldest first."""
        ...

    def count_sent(self, channel: str, address: str, since: Instant, kinds: Collection[MessageKind]) -> int:
        """How many messages of these kinds were sent to this address since then."""
        ...

    def last_messages(self, channel: str, address: str, limit: int) -> list[Delivery]:
        """The newest messages that may have been seen at this address; what is just being sent comes first."""
        ...

    def count_answers(self, phone: str, since: Instant) -> int:
        """How many answers were written to this phone since then."""
        ...

    def assign_reply_code(self, phone: str, alert: int, person: str, now: Instant) -> int | None:
        """This phone's number for this alert, given out when it has none; None when all are in use."""
        ...

    def reply_codes(self, phone: str) -> list[ReplyCode]:
        """The numbers of a phone, newest first."""
        ...

    def person_of(self, phone: str) -> Person | None:
        """The person we have written to at this number."""
        ...

    def commit_position(self, lane: Lane, pos: int) -> None: ...


class Transaction(Struct, frozen=True):
    """The store inside one open transaction, and the instant at which its work happens."""

    store: AlertStore
    now: Instant


class Transact(Protocol):
    """Runs work on the book in one transaction: committed and synced when it returns, or not at all."""

    def __call__(self, work: Callable[[AlertStore], T], /) -> Awaitable[T]: ...
