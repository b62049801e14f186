"""What alerts need from a store, by who reads it, and the transaction everything runs in.

Every method runs inside the transaction that the host opened: all of it is committed, or nothing.
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
    """The alert of a number on one phone."""

    number: int
    alert: int
    person: str


class FindingRecord(Struct, frozen=True):
    """What is stored about a finding before it is processed: whether this phase was recorded, and its alert."""

    recorded: bool
    alert: int | None


class RecordedFinding(Struct, frozen=True):
    """A finding of an alert: its id, and itself as it began. None where only its phases were stored."""

    id: str
    body: Finding | None


class AlertRepository(Protocol):
    """Alerts and their timelines."""

    def add_alert(self, alert: Alert) -> Alert:
        """Insert an alert; returns it with its id."""
        ...

    def save_alert(self, alert: Alert) -> None: ...

    def alert(self, alert: int | None) -> Alert | None:
        """The alert with this id; None without one, as for a message that belongs to a person."""
        ...

    def alert_by_case_key(self, key: str) -> Alert | None:
        """The alert that a request with this idempotency key opened."""
        ...

    def due_alerts(self, now: Instant, limit: int) -> list[Alert]: ...

    def active_alerts(self, ledger: Ledger) -> list[Alert]:
        """Active alerts of this ledger."""
        ...

    def alerts_to_join(self, finding: Finding, building: str | None, cell: str | None) -> list[Alert]:
        """Active alerts, newest first, about the same subject or device, or of the same rule and building; of the
        same hazard out of doors in `cell`; for an unregistered device, of the same rule without a device.

        `cell` is the grid cell of a finding out of doors, else None.
        """
        ...

    def dangers_in_hand(self, people: Collection[str]) -> dict[str, int]:
        """How many dangers each of these people has acknowledged, or is on site of."""
        ...

    def alerts_of_building(self, building: str) -> list[Alert]:
        """Active alerts of this building, newest first."""
        ...

    def informing_alerts(self) -> list[Alert]:
        """Shelved alerts that a notify-only silence opened."""
        ...

    def next_wake(self) -> Instant | None: ...

    def alerts_without_next_step(self, now: Instant, grace_ms: int) -> list[Alert]:
        """Active alerts without a deadline, or with one overdue by more than `grace_ms`."""
        ...

    def unnotified_alerts(self, opened_before: Instant) -> list[Alert]:
        """Unacknowledged dangers opened before this instant of which no message reached, or may still reach,
        anybody."""
        ...

    def record_second_check(self, alert: int, by: str, at: Instant) -> None:
        """The street verified the citizens' reports of this alert, and of those merged into it."""
        ...

    def add_timeline(self, entries: Sequence[TimelineEntry]) -> None: ...

    def times_in_timeline(self, alert: int, kind: str) -> int:
        """How often an entry of this kind stands in the timeline of an alert."""
        ...


class FindingLog(Protocol):
    """What was recorded of findings, and how far in the journal they were processed."""

    def finding_record(self, finding: Finding) -> FindingRecord:
        """Whether this phase of the finding was recorded before, and the alert it belongs to."""
        ...

    def record_finding(self, finding: Finding, alert: int | None) -> None:
        """Store this phase of the finding, and the alert it belongs to."""
        ...

    def active_findings(self, alert: int) -> list[tuple[str, str | None]]:
        """Id and device of each finding of the alert that has begun and not ended."""
        ...

    def has_active_findings(self, alert: int) -> bool:
        """True while any finding of the alert has begun and not ended."""
        ...

    def recorded_findings(self, alert: int) -> list[RecordedFinding]:
        """Every finding of the alert, in the order they were recorded."""
        ...

    def move_findings(self, alert: int, into: int, findings: Sequence[str] | None = None) -> None:
        """These findings, or all of them, belong to the alert `into` from now on, with all their phases."""
        ...

    def active_finding_ids(self, prefix: str) -> list[str]:
        """Ids with this prefix of findings that have begun and not ended, oldest first."""
        ...

    def commit_position(self, lane: Lane, pos: int) -> None: ...


class SilenceStore(Protocol):
    """Silences, and the findings they hold."""

    def active_silences(self, now: Instant) -> list[Silence]:
        """Silences in force at `now`, oldest first."""
        ...

    def silence(self, silence: int) -> Silence | None: ...

    def hold_finding(self, finding: Finding, silence: int, now: Instant) -> None:
        """Store a finding that a silence covers. An already held finding keeps its values; the silence is replaced."""
        ...

    def held_finding(self, finding: str) -> HeldFinding | None:
        """The held finding with this id."""
        ...

    def silenced_findings(
        self, *, state: HeldState | None = None, silence: int | None = None, device: str | None = None
    ) -> list[HeldFinding]:
        """Held findings that match, in the order they began."""
        ...

    def settle_held(self, finding: str, state: HeldState, now: Instant) -> None:
        """A held finding has ended or was released. Final: a second call changes nothing."""
        ...

    def next_silence_end(self) -> Instant | None:
        """When the first silence that holds a finding, or under which an alert only informs, ends; in the past when a
        release is due."""
        ...


class Outbox(Protocol):
    """Deliveries: those to send, and those that were sent."""

    def next_delivery_number(self) -> int:
        """The next number for a delivery id."""
        ...

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Insert into the outbox. A delivery whose key exists is left out."""
        ...

    def deliveries(self, alert: int) -> list[Delivery]: ...

    def deliveries_about(self, about: str) -> list[Delivery]:
        """Messages whose key begins with this matter and a colon."""
        ...

    def delivery(self, delivery: str) -> Delivery | None: ...

    def delivery_by_provider_id(self, channel: str, provider_id: str) -> Delivery | None: ...

    def update_delivery(self, old: Delivery, new: Delivery, at: Instant, detail: str) -> None:
        """Store a delivery's new state, and the step in its event log."""
        ...

    def assign_provider(self, delivery: str, provider: str, template: str | None) -> None:
        """Store which provider is asked to carry a leased delivery."""
        ...

    def lease_deliveries(self, channel: str, now: Instant, lease_until: Instant, limit: int) -> list[Delivery]:
        """Mark what is due on a channel as being sent until `lease_until`; most urgent first."""
        ...

    def next_delivery_due(self, channel: str) -> Instant | None: ...

    def deliveries_to(self, channel: str, address: str, since: Instant) -> list[Delivery]:
        """Messages for this address created since then, oldest first."""
        ...

    def count_sent(self, channel: str, address: str, since: Instant, kinds: Collection[MessageKind]) -> int:
        """Number of messages of these kinds sent to this address since then."""
        ...

    def count_carried(
        self,
        channel: str,
        provider: str,
        since: Instant,
        address: str | None,
        template: str | None,
        besides: str,
    ) -> int:
        """Number of messages that this provider has sent, or may have sent, since then: to this address, or to all;
        with this template, or with all. `besides` is the id of a delivery that is not counted."""
        ...

    def last_messages(self, channel: str, address: str, limit: int) -> list[Delivery]:
        """The newest messages that may have been seen at this address; those being sent come first."""
        ...

    def count_answers(self, phone: str, since: Instant) -> int:
        """Number of replies to this phone since then."""
        ...

    def person_of(self, phone: str) -> Person | None:
        """The person we have sent messages to at this number."""
        ...


class ReplyCodeStore(Protocol):
    """The numbers of alerts on each phone, and the provider callbacks already processed."""

    def assign_reply_code(self, phone: str, alert: int, person: str, now: Instant) -> int | None:
        """This phone's number for this alert, assigned if it has none; None when all are in use."""
        ...

    def reply_codes(self, phone: str) -> list[ReplyCode]:
        """The numbers assigned on this phone, newest first."""
        ...

    def record_callback(self, key: str, now: Instant) -> bool:
        """True the first time; the key is stored. Makes provider callbacks idempotent."""
        ...


class AlertStore(AlertRepository, FindingLog, SilenceStore, Outbox, ReplyCodeStore, Protocol):
    """All of it, in one transaction."""


class Transaction(Struct, frozen=True):
    """The store inside one open transaction, and the time at which its work happens."""

    store: AlertStore
    now: Instant


class Transact(Protocol):
    """Runs `work` in one transaction: committed and synced when it returns, or not at all. `urgent`: before works that
    are not, and committed without waiting for them."""

    def __call__(self, work: Callable[[AlertStore], T], /, *, urgent: bool = False) -> Awaitable[T]: ...
