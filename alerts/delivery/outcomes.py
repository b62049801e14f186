"""What an answer of a provider means: the delivery's next state, its line in the timeline, and the way round a failure.

It works on a book inside the host's transaction. It sends nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import OWNED_STATES, SETTLED_STATES, UNACKNOWLEDGED_STATES, Actor, Alert, ResponseSource, State
from alerts.channels.channel import DeliveryReport, LookupResult, LookupStatus, SendOutcome, SendResult
from alerts.handling.intake import FindingIntake
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, OVER_BUDGET, Delivery, DeliveryState, MessageKind
from alerts.messages.bundles import withheld_calls
from alerts.messages.deliveries import CANCEL_REASONS, LOGBOOK, cancel_reason, cancelled
from alerts.ports import AlertStore
from domain import SECOND, Finding, Instant, Ledger, Phase, Severity, Subject

MAX_ATTEMPTS: Final = 5
FIRST_BACKOFF_MS: Final = 2 * SECOND
MAX_BACKOFF_MS: Final = 60 * SECOND
LOOKUP_AFTER_MS: Final = 6 * SECOND
CONFIG_RETRY_MS: Final = 30 * SECOND

_SENT_TEXT: Final = {
    MessageKind.ALERT: "accepted",
    MessageKind.ESCALATE: "accepted",
    MessageKind.ACKNOWLEDGED: "taken_sent",
    MessageKind.RESOLVED: "clear_sent",
    MessageKind.OVERDUE: "overdue_sent",
    MessageKind.HINT: "hint_sent",
    MessageKind.ADDED: "added_sent",
    MessageKind.SUMMARY: "summary_sent",
    MessageKind.DIGEST: "digest_sent",
    MessageKind.OWNED: "codes_sent",
    MessageKind.ARRIVED: "codes_sent",
    MessageKind.CODES: "answer_sent",
    MessageKind.DETAILS: "answer_sent",
    MessageKind.STATUS: "answer_sent",
    MessageKind.DECLINED: "answer_sent",
}
PERMANENT_FAILURES: Final = (SendOutcome.RATE, SendOutcome.RECIPIENT, SendOutcome.CONTENT)
_FINAL_STATES: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DEAD)


class DeliveryOutcomes:
    """From what was said to what is written."""

    def __init__(self, casework: AlertProcessor, hearing: FindingIntake) -> None:
        self.processor, self.intake = casework, hearing
        self._healthy: set[str] = set()
        """Channels of which no alert stands: a cache, so that each message sent does not ask the book."""

    def on_send_result(self, book: AlertStore, leased: Delivery, result: SendResult, now: Instant) -> list[int]:
        """The outcome of one send, and which alerts it changed. A receipt may have overtaken it."""
        row = book.delivery(leased.id) or leased
        if row.state is not DeliveryState.SENDING:
            if result.provider_id and row.provider_id is None:
                book.update_delivery(
                    row, structs.replace(row, provider_id=result.provider_id), now, "answer after receipt"
                )
            return [row.alert]
        free = structs.replace(row, lease_until=None, code=result.code or None, outcome=result.outcome.value)
        touched = [row.alert, *self._record_health(book, row.channel, result.outcome, now)]
        if result.outcome is SendOutcome.ACCEPTED:
            self._on_accepted(book, row, free, result, now)
        elif result.outcome in PERMANENT_FAILURES:
            self._on_failure(book, row, structs.replace(free, state=DeliveryState.FAILED), result.outcome.value, now)
        elif row.attempts >= MAX_ATTEMPTS and result.outcome is not SendOutcome.CONFIG:
            self._on_failure(book, row, structs.replace(free, state=DeliveryState.DEAD), "dead", now)
        else:
            self._retry_later(book, row, free, result, now)
        return touched

    def on_lookup(self, book: AlertStore, leased: Delivery, found: LookupResult, now: Instant) -> bool:
        """What a lookup says of an unknown one. True: it was never sent, send it now."""
        if found.status is LookupStatus.ABSENT:
            alert = book.alert(leased.alert)
            if alert is not None and is_still_wanted(leased, alert):
                return True
            self.skip(book, leased, cancel_reason(alert), now)
            return False
        if found.status is LookupStatus.CANNOT_TELL:
            self.on_send_result(book, leased, SendResult(SendOutcome.UNKNOWN, code=found.code), now)
        else:
            self.on_send_result(book, leased, SendResult(SendOutcome.ACCEPTED, found.provider_id, code=found.code), now)
        if found.status in (LookupStatus.DELIVERED, LookupStatus.FAILED):
            good = found.status is LookupStatus.DELIVERED
            self._on_final(book, book.delivery(leased.id) or leased, good, found.code, now)
        return False

    def on_report(self, book: AlertStore, receipt: DeliveryReport, channel: str, now: Instant) -> int | None:
        """A receipt; the alert it changed. One that is about nothing we sent changes nothing."""
        row = book.delivery(receipt.delivery) if receipt.delivery else None
        if row is None and receipt.provider_id:
            row = book.delivery_by_provider_id(channel, receipt.provider_id)
        if row is None or row.channel != channel:
            return None
        if row.provider_id is None and receipt.provider_id:
            row = structs.replace(row, provider_id=receipt.provider_id)
        self._on_final(book, row, receipt.delivered, receipt.code, now)
        return row.alert

    def expire(self, book: AlertStore, row: Delivery, now: Instant) -> None:
        gone = structs.replace(row, state=DeliveryState.EXPIRED, lease_until=None)
        self._on_failure(book, row, gone, "expired", now)

    def skip(self, book: AlertStore, row: Delivery, problem: str, now: Instant) -> None:
        """Not sent, and nobody misses it."""
        gone = structs.replace(row, state=DeliveryState.SKIPPED, lease_until=None, outcome="skipped", code=problem)
        gone = cancelled(row, problem) if problem in CANCEL_REASONS else gone
        book.update_delivery(row, gone, now, problem)
        book.add_timeline([self.processor.message_entry(gone, "skipped", now, problem)])

    def refresh(self, book: AlertStore, row: Delivery, now: Instant) -> Delivery | None:
        """A leased message in the words that are true when it leaves; None when it tells nobody anything any more."""
        said = self.processor.escalator.bundles.refresh(book, row, now)
        if said is None:
            self.skip(book, row, cancel_reason(book.alert(row.alert)), now)
            return None
        leased = book.delivery(row.id)
        if said is not row and leased is not None:
            book.update_delivery(
                leased, structs.replace(leased, payload=said.payload, alert=said.alert), now, "reworded"
            )
        return said

    def replace_by_summary(self, book: AlertStore, row: Delivery, alert: Alert, now: Instant) -> None:
        """This phone has had its share of single texts: a summary tells of this one with the others."""
        self.skip(book, row, OVER_BUDGET, now)
        self.processor.escalator.bundles.enqueue_summary(book, alert, row, now)

    def postpone(self, book: AlertStore, row: Delivery, until: Instant, now: Instant, why: str) -> None:
        """Sent later: its card is still under way, or this minute has had its share."""
        later = structs.replace(row, state=DeliveryState.PENDING, lease_until=None, not_before=until)
        book.update_delivery(row, later, now, why)

    def _record_health(self, book: AlertStore, channel: str, said: SendOutcome, now: Instant) -> list[int]:
        """A channel that refuses us is an alert of its own: maintenance hears of it by the others."""
        if said not in (SendOutcome.CONFIG, SendOutcome.ACCEPTED):
            return []
        fails = said is SendOutcome.CONFIG
        if not fails and channel in self._healthy:
            return []
        trouble = self._finding(channel, now)
        standing = book.active_finding_ids(_id_prefix(trouble))
        # Only what the book says counts: this transaction may yet fail, and what it would have written with it.
        self._healthy.discard(channel)
        if not fails and not standing:
            self._healthy.add(channel)
        over = [structs.replace(trouble, id=old, phase=Phase.ENDED) for old in standing]
        begun = [] if standing else [trouble]
        return [one.alert for one in self.intake.process(book, begun if fails else over, now) if one.alert is not None]

    def _finding(self, channel: str, now: Instant) -> Finding:
        words = self.processor.renderer.catalog
        return Finding(
            id=f"channel-down@1/system:{channel}/{now}",
            rule="channel-down",
            version="1",
            phase=Phase.BEGAN,
            hazard="device",
            title=words.house.channel_down.format(channel=words.channels.get(channel, channel)),
            severity=Severity.HIGH,
            ledger=Ledger.HEALTH,
            subject=Subject("system", f"channel:{channel}"),
            begin=now,
            at=now,
            now=now,
            advice=words.house.channel_advice,
        )

    def _on_accepted(self, book: AlertStore, row: Delivery, free: Delivery, result: SendResult, now: Instant) -> None:
        state = DeliveryState.DELIVERED if row.channel == LOGBOOK else DeliveryState.ACCEPTED
        done = structs.replace(
            free, state=state, provider_id=result.provider_id or row.provider_id, handle=result.handle, sent_at=now
        )
        book.update_delivery(row, done, now, "sent")
        line = "next_sent" if row.kind is MessageKind.ACKNOWLEDGED and "card" in row.payload else _SENT_TEXT[row.kind]
        book.add_timeline([self.processor.message_entry(done, line, now)])
        card = book.delivery(row.ref) if row.ref else None
        if card is not None:
            # A card's handle may be used once; the answer to the change may bring the next one.
            book.update_delivery(card, structs.replace(card, handle=result.handle), now, "handle used")

    def _retry_later(self, book: AlertStore, row: Delivery, free: Delivery, result: SendResult, now: Instant) -> None:
        unknown = result.outcome is SendOutcome.UNKNOWN
        state = DeliveryState.UNKNOWN if unknown else DeliveryState.PENDING
        wait = {SendOutcome.UNKNOWN: LOOKUP_AFTER_MS, SendOutcome.CONFIG: CONFIG_RETRY_MS}.get(
            result.outcome, backoff(row.attempts)
        )
        wait = max(wait, result.wait_ms)
        waiting = structs.replace(free, state=state, not_before=now + wait)
        book.update_delivery(row, waiting, now, result.outcome.value)
        if row.outcome != result.outcome.value:
            line = "unknown" if unknown else "retrying"
            book.add_timeline([self.processor.message_entry(waiting, line, now, result.outcome.value)])
            self._try_other_channel(book, waiting, now)

    def _on_failure(self, book: AlertStore, old: Delivery, new: Delivery, problem: str, now: Instant) -> None:
        book.update_delivery(old, new, now, problem)
        book.add_timeline([self.processor.message_entry(new, "failed", now, problem)])
        if new.kind is MessageKind.ADDED:
            self._on_joined_failed(book, new, now)
        elif new.kind is MessageKind.SUMMARY:
            self._on_summary_failed(book, new, problem, now)
        else:
            self._escalate_failure(book, new, now)

    def _escalate_failure(self, book: AlertStore, failed: Delivery, now: Instant) -> None:
        alert = self._waiting_alert(book, failed)
        if alert is not None:
            after = self.processor.escalator.handle_failure(book, alert, failed, now)
            if after is not None:
                book.save_alert(after)

    def _on_joined_failed(self, book: AlertStore, failed: Delivery, now: Instant) -> None:
        """The owner cannot be told of a danger that joined: others are called, for nobody else would hear of it."""
        alert = book.alert(failed.alert)
        if alert is None or alert.state in SETTLED_STATES:
            return
        told = self.processor.joined_dangers.try_next_channel(book, alert, failed, now)
        if not told and alert.state in OWNED_STATES and alert.owner == failed.person:
            owner = Actor(failed.person, failed.name, ResponseSource.SYSTEM)
            self.processor.apply(book, alert, AlertEvent(Signal.OWNER_UNREACHABLE, owner), now)

    def _on_summary_failed(self, book: AlertStore, summary: Delivery, problem: str, now: Instant) -> None:
        """The calls that it stood for have failed with it."""
        for row in withheld_calls(book, summary):
            lost = structs.replace(row, state=DeliveryState.FAILED, code=problem)
            book.update_delivery(row, lost, now, problem)
            self._escalate_failure(book, lost, now)

    def _try_other_channel(self, book: AlertStore, row: Delivery, now: Instant) -> None:
        """While one channel is in doubt, the person's other channel speaks; the ladder keeps its own time."""
        alert = book.alert(row.alert) if row.kind is MessageKind.ADDED else self._waiting_alert(book, row)
        if alert is not None and row.kind is MessageKind.ADDED:
            self.processor.joined_dangers.try_next_channel(book, alert, row, now)
        elif alert is not None:
            self.processor.escalator.try_next_channel(book, alert, row, now)

    def _on_final(self, book: AlertStore, row: Delivery, delivered: bool, code: str, now: Instant) -> None:
        if row.state in _FINAL_STATES and not (row.state is not DeliveryState.DELIVERED and delivered):
            book.update_delivery(row, row, now, f"late receipt: {code}")
            return
        if delivered:
            done = structs.replace(
                row,
                state=DeliveryState.DELIVERED,
                lease_until=None,
                code=code or row.code,
                receipt_at=now,
                sent_at=row.sent_at or now,
            )
            book.update_delivery(row, done, now, "receipt")
            if row.kind in CALL_KINDS:
                book.add_timeline([self.processor.message_entry(done, "delivered", now)])
            return
        lost = structs.replace(row, state=DeliveryState.FAILED, lease_until=None, code=code, receipt_at=now)
        self._on_failure(book, row, lost, "undelivered", now)

    def _waiting_alert(self, book: AlertStore, row: Delivery) -> Alert | None:
        """The alert, when this message was a call that still waits for an answer."""
        alert = book.alert(row.alert) if row.kind in CALL_KINDS else None
        return (
            alert if alert is not None and alert.state in UNACKNOWLEDGED_STATES and alert.round == row.round else None
        )


def _id_prefix(finding: Finding) -> str:
    """What the ids of all findings like this begin with."""
    return finding.id.removesuffix(str(finding.begin))


def is_still_wanted(row: Delivery, alert: Alert) -> bool:
    """Looked at again just before sending: a call for an alert that somebody has taken is not made."""
    if row.kind in CALL_KINDS:
        return (alert.state in UNACKNOWLEDGED_STATES and alert.round == row.round) or alert.owner == row.person
    if row.kind is MessageKind.ADDED:
        return alert.state not in SETTLED_STATES
    if row.kind is MessageKind.ACKNOWLEDGED:
        return alert.owner is not None
    if row.kind in (MessageKind.OWNED, MessageKind.ARRIVED):
        return alert.owner == row.person
    if row.kind is MessageKind.OVERDUE:
        return alert.state in (State.ON_SITE, State.RESOLVED)
    return True


def backoff(attempts: int) -> int:
    """How long to wait before the next try.

    >>> [backoff(n) for n in (1, 2, 3, 9)]
    [2000, 4000, 8000, 60000]
    """
    return int(min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1)))
