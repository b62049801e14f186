"""What a provider's answer changes: the delivery's state, its timeline entry, and, after a failure, who is called next.

Runs inside the caller's transaction; nothing is sent here.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import OWNED_STATES, SETTLED_STATES, Actor, Alert, ResponseSource, State
from alerts.channel_specs import spec_of
from alerts.channels.channel import DeliveryReport, LookupResult, LookupStatus, SendOutcome, SendResult
from alerts.delivery.channel_health import ChannelHealth
from alerts.delivery.combined_notices import CombinedNotices
from alerts.delivery.off_shift import OFF_DUTY, OffShift
from alerts.delivery.receipts import EarlyReports
from alerts.delivery.retries import OPERATOR_MUST_ACT, PERMANENT_FAILURES, retry_delay_ms
from alerts.delivery.routing import ProviderRouter
from alerts.delivery.sent_texts import SENT_TEXT
from alerts.delivery.still_wanted import is_critical, is_still_wanted
from alerts.delivery.tried_on import GIVEN_UP, try_on
from alerts.escalation.escalator import Escalator
from alerts.handling.intake import FindingIntake
from alerts.handling.personal_messages import PersonalMessages
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import (
    CALL_KINDS,
    COMPANION_KINDS,
    MAX_ATTEMPTS,
    NOT_FAILED,
    OVER_BUDGET,
    Delivery,
    DeliveryState,
    MessageKind,
)
from alerts.messages import exercise
from alerts.messages.bundles import withheld_calls
from alerts.messages.deliveries import CANCEL_REASONS, cancel_reason, cancelled
from alerts.ports import AlertRepository, Transaction
from domain import Instant

_FINAL_STATES: Final = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DEAD)


class DeliveryOutcomes:
    """Updates a delivery from a send result, a lookup or a delivery report: state, timeline, retry, fallback."""

    def __init__(
        self, processor: AlertProcessor, escalator: Escalator, intake: FindingIntake, personal: PersonalMessages
    ) -> None:
        self.processor, self.timeline, self.joined_dangers = processor, processor.timeline, processor.joined_dangers
        self.escalator, self.bundles, self.personal = escalator, escalator.bundles, personal
        self.off_shift, self.router = OffShift(escalator, processor.case_effects), ProviderRouter()
        self.combined = CombinedNotices(escalator.outbox, self.skip, self.off_shift.is_off)
        self.channel_health, self._early_reports = ChannelHealth(intake, self.router), EarlyReports()

    def no_receipt(self, tx: Transaction, row: Delivery) -> None:
        """A call was accepted and nothing was heard of it: the next person is called."""
        failed = structs.replace(row, state=DeliveryState.FAILED, lease_until=None, code="no_receipt")
        self._on_failure(tx, row, failed, "no_receipt")

    def on_send_result(self, tx: Transaction, leased: Delivery, result: SendResult) -> list[int]:
        """The ids of the alerts that the final result of a send changed. A report may have arrived before it."""
        row = tx.store.delivery(leased.id) or leased
        if row.state is not DeliveryState.SENDING:
            if result.provider_id and row.provider_id is None:
                named = structs.replace(row, provider_id=result.provider_id)
                tx.store.update_delivery(row, named, tx.now, "answer after receipt")
            return row.alerts
        keeps_mark = row.outcome in GIVEN_UP and result.outcome is not SendOutcome.ACCEPTED
        outcome = row.outcome if keeps_mark else result.outcome.value
        free = structs.replace(row, lease_until=None, code=result.code or None, outcome=outcome)
        if result.outcome is SendOutcome.ACCEPTED:
            self._on_accepted(tx, row, free, result)
        elif result.outcome in PERMANENT_FAILURES:
            self._on_failure(tx, row, structs.replace(free, state=DeliveryState.FAILED), result.outcome.value)
        elif row.attempts >= MAX_ATTEMPTS and result.outcome not in OPERATOR_MUST_ACT:
            self._after_last_attempt(tx, row, free, result)
        else:
            self._retry_later(tx, row, free, result)
        early = self._early_reports.take(row.channel, result.provider_id)
        if early is not None:
            self.on_report(tx, early, row.channel)
        return row.alerts

    def on_lookup(self, tx: Transaction, leased: Delivery, result: LookupResult) -> bool:
        """Apply a lookup of a delivery in doubt. True: it was never sent and is still wanted, so send it now."""
        if result.status is LookupStatus.ABSENT:
            alert = tx.store.alert(leased.alert)
            if is_still_wanted(leased, alert):
                return True
            self.skip(tx, leased, cancel_reason(alert))
            return False
        if result.status is LookupStatus.UNDETERMINED:
            self.on_send_result(tx, leased, SendResult(SendOutcome.UNKNOWN, code=result.code))
        else:
            self.on_send_result(tx, leased, SendResult(SendOutcome.ACCEPTED, result.provider_id, code=result.code))
        if result.status in (LookupStatus.DELIVERED, LookupStatus.FAILED):
            delivered = result.status is LookupStatus.DELIVERED
            self._on_final(tx, tx.store.delivery(leased.id) or leased, delivered, result.code)
        return False

    def on_report(self, tx: Transaction, report: DeliveryReport, channel: str) -> int | None:
        """The id of the alert that a delivery report changed; None for a report about nothing we sent."""
        row = self.find(tx, report.delivery, report.provider_id, channel)
        if row is None:
            self._early_reports.keep(channel, report)
            return None
        if row.provider_id is None and report.provider_id:
            row = structs.replace(row, provider_id=report.provider_id)
        self.router.record_receipt(row, report.delivered)
        self._on_final(tx, row, report.delivered, report.code)
        return row.alert

    def find(self, tx: Transaction, delivery: str | None, provider_id: str | None, channel: str) -> Delivery | None:
        """The delivery on this channel that a provider names, by our id or its own."""
        row = tx.store.delivery(delivery) if delivery else None
        if row is None and provider_id:
            row = tx.store.delivery_by_provider_id(channel, provider_id)
        return row if row is not None and row.channel == channel else None

    def expire(self, tx: Transaction, row: Delivery) -> None:
        """The message was not sent before `expires_at`; handled as a failure."""
        expired = structs.replace(row, state=DeliveryState.EXPIRED, lease_until=None)
        self._on_failure(tx, row, expired, "expired")

    def skip(self, tx: Transaction, row: Delivery, problem: str) -> None:
        """The message is not sent, and nothing takes its place. `problem` is the reason, a key of the text catalog."""
        row = self.combined.release(tx, row, tx.now)
        plain = structs.replace(row, state=DeliveryState.SKIPPED, lease_until=None, outcome="skipped", code=problem)
        skipped = cancelled(row, problem) if problem in CANCEL_REASONS else plain
        tx.store.update_delivery(row, skipped, tx.now, problem)
        tx.store.add_timeline(self.timeline.message(skipped, "skipped", tx.now, problem))

    def exercise_fault(self, row: Delivery, alert: Alert | None) -> str | None:
        """Why this message of an exercise may not be sent, as an outcome code; None for all other messages."""
        if alert is None or not alert.exercise:
            return None
        outbox = self.escalator.outbox
        if not exercise.may_receive(self.escalator.community().people.get(row.person), row.role, outbox.roles):
            return exercise.FORBIDDEN_RECIPIENT
        return None if exercise.is_labelled(row.payload) else exercise.UNLABELLED

    def refresh(self, tx: Transaction, row: Delivery) -> Delivery | None:
        """A leased message, its text rendered from the present state; None when it was skipped as no longer needed."""
        fresh = self.bundles.refresh(tx, row)
        is_handed_on = fresh is not None and self.off_shift.hand_on(tx, fresh)
        current = None if fresh is None or is_handed_on else self.combined.combine(tx, fresh)
        if current is None:
            self.skip(tx, row, OFF_DUTY if is_handed_on else cancel_reason(tx.store.alert(row.alert)))
            return None
        leased = tx.store.delivery(row.id)
        if current is not row and leased is not None:
            reworded = structs.replace(leased, payload=current.payload, alert=current.alert)
            tx.store.update_delivery(leased, reworded, tx.now, "reworded")
        return current

    def replace_by_summary(self, tx: Transaction, row: Delivery, alert: Alert, *, calls_next: bool = False) -> None:
        """The recipient is over his budget of single texts: a summary names this call together with the others. With
        `calls_next` the next person is called now: this one has more critical dangers than he can go to."""
        self.skip(tx, row, OVER_BUDGET)
        self.bundles.enqueue_summary(tx, alert, row)
        if calls_next:
            self._escalate_failure(tx, row)

    def refuse_over_limit(self, tx: Transaction, row: Delivery) -> None:
        """The recipient is over his budget on this channel: the next channel or person is used now."""
        rate = SendOutcome.RATE.value
        refused = structs.replace(row, state=DeliveryState.FAILED, lease_until=None, outcome=rate, code=OVER_BUDGET)
        self._on_failure(tx, row, refused, rate)

    def postpone(self, tx: Transaction, row: Delivery, until: Instant, why: str) -> None:
        """Send not before `until`. `why` goes into the delivery's event log."""
        later = structs.replace(row, state=DeliveryState.PENDING, lease_until=None, not_before=until)
        tx.store.update_delivery(row, self.combined.release(tx, later, until), tx.now, why)

    def _on_accepted(self, tx: Transaction, row: Delivery, free: Delivery, result: SendResult) -> None:
        is_final = spec_of(row.channel).accepted_is_delivered
        state = DeliveryState.DELIVERED if is_final else DeliveryState.ACCEPTED
        accepted = structs.replace(
            free, state=state, provider_id=result.provider_id or row.provider_id, handle=result.handle, sent_at=tx.now
        )
        within_ms = spec_of(row.channel).receipt_within_ms
        if within_ms:
            accepted = structs.replace(accepted, lease_until=tx.now + within_ms)
        tx.store.update_delivery(row, accepted, tx.now, "sent")
        if row.alert is not None:
            is_card = row.kind is MessageKind.ACKNOWLEDGED and "card" in row.payload
            line = "next_sent" if is_card else SENT_TEXT[row.kind]
            tx.store.add_timeline(self.timeline.message(accepted, line, tx.now))
        card = tx.store.delivery(row.ref) if row.ref else None
        if card is not None:
            # A card's handle may be used once; the answer to the change may bring the next one.
            tx.store.update_delivery(card, structs.replace(card, handle=result.handle), tx.now, "handle used")

    def _retry_later(self, tx: Transaction, row: Delivery, free: Delivery, result: SendResult) -> None:
        unknown = result.outcome is SendOutcome.UNKNOWN
        state = DeliveryState.UNKNOWN if unknown else DeliveryState.PENDING
        wait = max(retry_delay_ms(result.outcome, row.attempts), result.wait_ms)
        # What may have been sent keeps its text.
        free = free if unknown else self.combined.release(tx, free, tx.now + wait)
        waiting = structs.replace(free, state=state, not_before=tx.now + wait)
        tx.store.update_delivery(row, waiting, tx.now, result.outcome.value)
        if row.outcome != free.outcome:
            line = "unknown" if unknown else "retrying"
            tx.store.add_timeline(self.timeline.message(waiting, line, tx.now, result.outcome.value))
            self.try_other_channel(tx, waiting)

    def _after_last_attempt(self, tx: Transaction, row: Delivery, free: Delivery, result: SendResult) -> None:
        """Given up, and others are called. A critical call is tried on until it expires (decision 0038)."""
        dead = structs.replace(free, state=DeliveryState.DEAD)
        vital = row.kind in CALL_KINDS and is_critical(tx.store.alert(row.alert))
        # Not by the number of attempts: one that ended with a crash, or waited for an operator, has been counted too.
        is_first = row.outcome not in GIVEN_UP
        if not vital or is_first:
            self._on_failure(tx, row, dead, "dead")
        if vital:
            try_on(tx, self.timeline, dead if is_first else row, free, result.outcome)

    def _on_failure(self, tx: Transaction, old: Delivery, new: Delivery, problem: str) -> None:
        new = self.combined.release(tx, new, tx.now)
        tx.store.update_delivery(old, new, tx.now, problem)
        tx.store.add_timeline(self.timeline.message(new, "failed", tx.now, problem))
        if new.alert is None:
            self.personal.try_next_channel(tx, new)
        elif new.kind is MessageKind.ADDED:
            self._on_joined_failed(tx, new)
        elif new.kind is MessageKind.SUMMARY:
            self._on_summary_failed(tx, new, problem)
        elif new.kind in COMPANION_KINDS:
            self._on_companion_failed(tx, new)
        elif new.kind is MessageKind.VERIFY:
            self._on_verifier_failed(tx, new)
        elif new.kind is MessageKind.VERIFY_STREET:
            self.processor.case_effects.second_check.on_failure(tx, new)
        else:
            self._escalate_failure(tx, new)

    def _on_handover_failed(self, tx: Transaction, alert: Alert | None, failed: Delivery) -> None:
        """A call to a body failed: another channel, else, when nobody of the body can be reached, other people."""
        if alert is None or alert.returned_to is None or self.escalator.try_next_channel(tx, alert, failed):
            return
        rows = [row for row in tx.store.deliveries(alert.id) if row.kind is MessageKind.HANDOVER]
        if not any(row.state in NOT_FAILED for row in rows if row.created_at >= alert.state_since):
            body = self.processor.case_effects.handover.body(alert, alert.returned_to, tx.now)
            name = failed.name if body is None else body.name
            self.processor.apply(tx, alert, AlertEvent(Signal.RETURN_EXPIRED, to=alert.returned_to, to_name=name))

    def _on_verifier_failed(self, tx: Transaction, failed: Delivery) -> None:
        """The person asked to verify cannot be reached: the next one is asked."""
        alert = tx.store.alert(failed.alert)
        if alert is None or alert.state is not State.RESOLVED or alert.verifier != failed.person:
            return
        rows = [row for row in tx.store.deliveries(alert.id) if row.kind is MessageKind.VERIFY]
        if not any(row.state in NOT_FAILED for row in rows if row.person == failed.person):
            tx.store.save_alert(self.processor.case_effects.verification.ask(tx, alert))

    def _escalate_failure(self, tx: Transaction, failed: Delivery) -> None:
        alert = self._waiting_alert(tx.store, failed)
        if failed.kind is MessageKind.HANDOVER:
            return self._on_handover_failed(tx, alert, failed)
        if alert is not None:
            after = self.escalator.handle_failure(tx, alert, failed)
            if after is not None:
                tx.store.save_alert(after)

    def _on_joined_failed(self, tx: Transaction, failed: Delivery) -> None:
        """A message about a danger that joined failed: another channel, else, for the owner's message, other people."""
        alert = tx.store.alert(failed.alert)
        if alert is None or alert.state in SETTLED_STATES:
            return
        notified = self.joined_dangers.try_next_channel(tx, alert, failed)
        if not notified and alert.state in OWNED_STATES and alert.owner == failed.person:
            owner = Actor(failed.person, failed.name, ResponseSource.SYSTEM)
            self.processor.apply(tx, alert, AlertEvent(Signal.OWNER_UNREACHABLE, owner))

    def _on_companion_failed(self, tx: Transaction, failed: Delivery) -> None:
        """A person who assists or is informed: another channel. Nothing of the escalation depends on it."""
        alert = tx.store.alert(failed.alert)
        if alert is not None and is_still_wanted(failed, alert):
            self.escalator.companions.try_next_channel(tx, alert, self.escalator.ladder(alert), failed)

    def _on_summary_failed(self, tx: Transaction, summary: Delivery, problem: str) -> None:
        """The calls that the summary replaced have failed with it."""
        for row in withheld_calls(tx.store, summary):
            failed = structs.replace(row, state=DeliveryState.FAILED, code=problem)
            tx.store.update_delivery(row, failed, tx.now, problem)
            self._escalate_failure(tx, failed)

    def try_other_channel(self, tx: Transaction, row: Delivery) -> None:
        """While one channel is in doubt, use the person's next one. The time of the next escalation does not change."""
        alert = tx.store.alert(row.alert) if row.kind is MessageKind.ADDED else self._waiting_alert(tx.store, row)
        if alert is not None and row.kind is MessageKind.ADDED:
            self.joined_dangers.try_next_channel(tx, alert, row)
        elif alert is not None:
            self.escalator.try_next_channel(tx, alert, row)

    def _on_final(self, tx: Transaction, row: Delivery, delivered: bool, code: str) -> None:
        if row.state in _FINAL_STATES and not (row.state is not DeliveryState.DELIVERED and delivered):
            tx.store.update_delivery(row, row, tx.now, f"late receipt: {code}")
            return
        final, sent_at = structs.replace(row, lease_until=None, receipt_at=tx.now), row.sent_at or tx.now
        if delivered:
            done = structs.replace(final, state=DeliveryState.DELIVERED, code=code or row.code, sent_at=sent_at)
            tx.store.update_delivery(row, done, tx.now, "receipt")
            if row.kind in CALL_KINDS:
                tx.store.add_timeline(self.timeline.message(done, "delivered", tx.now))
            return
        failed = structs.replace(final, state=DeliveryState.FAILED, code=code)
        self._on_failure(tx, row, failed, "undelivered")

    def _waiting_alert(self, store: AlertRepository, row: Delivery) -> Alert | None:
        """The alert of this call, if nobody has acknowledged it and the call belongs to the present round."""
        alert = store.alert(row.alert) if row.kind in CALL_KINDS else None
        return alert if alert is not None and alert.is_calling and alert.round == row.round else None
