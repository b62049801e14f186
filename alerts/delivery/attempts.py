"""Attempts to send one message by the providers of its channel: which is asked, and who follows a refusal.

Runs inside the caller's transaction; nothing is sent here.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.alert import Alert
from alerts.channels.channel import SendResult
from alerts.channels.payloads import FIXED
from alerts.delivery.channel_health import provider_of
from alerts.delivery.outcomes import DeliveryOutcomes
from alerts.delivery.still_wanted import is_critical
from alerts.message import Delivery, DeliveryState
from alerts.ports import Transaction
from domain import Instant

BREAKER: Final = "breaker"


class ProviderAttempts:
    """Chooses providers, and applies the result of each attempt."""

    def __init__(self, outcomes: DeliveryOutcomes) -> None:
        self._outcomes = outcomes

    def on_attempt(self, tx: Transaction, leased: Delivery, result: SendResult) -> tuple[list[int], Delivery | None]:
        """The ids of the alerts that the result of one send changed, and the message as it must be sent now: by the
        next provider, or as fixed text."""
        self._outcomes.router.record(leased, result.outcome, tx.now)
        touched = self._outcomes.channel_health.record(tx, leased, result)
        row, alert = tx.store.delivery(leased.id), tx.store.alert(leased.alert)
        if row is not None and row.state is DeliveryState.SENDING:
            again = self._outcomes.router.next_attempt(tx.store, leased, result, tx.now, is_critical(alert))
            if again is not None:
                return [*leased.alerts, *touched], self._switch(tx, row, again, result, alert)
        return [*touched, *self._outcomes.on_send_result(tx, leased, result)], None

    def _switch(
        self, tx: Transaction, row: Delivery, again: Delivery, result: SendResult, alert: Alert | None
    ) -> Delivery:
        """Stored before the next attempt: after a crash the provider asked last is known."""
        payload = again.payload
        if payload.get(FIXED):
            payload = {**payload, FIXED: self._outcomes.bundles.fixed_text(alert)}
        again = structs.replace(again, payload=payload)
        kept = structs.replace(
            row, provider=again.provider, payload=payload, outcome=result.outcome.value, code=result.code or None
        )
        tx.store.update_delivery(row, kept, tx.now, f"{row.provider}: {result.outcome.value} {result.code}")
        line = "fixed_text" if again.provider == row.provider else "switched"
        tx.store.add_timeline(self._outcomes.timeline.message(kept, line, tx.now, result.outcome.value))
        return again

    def assign_provider(self, tx: Transaction, row: Delivery, alert: Alert | None) -> Delivery | None:
        """A leased message with the provider that carries it, stored; None while none may. One in doubt keeps the
        provider that may have sent it."""
        if row.state is not DeliveryState.PENDING and row.provider is not None:
            return row
        avoid = provider_of(alert.subject) if alert is not None else ""
        critical = is_critical(alert)
        choice = self._outcomes.router.choose(tx.store, row, tx.now, critical, avoid)
        if choice.provider is None:
            self._hold(tx, row, choice.wait_until)
            return None
        template = row.payload.get("name") or row.payload.get("template")
        assigned = structs.replace(row, provider=choice.provider, template=str(template) if template else None)
        tx.store.assign_provider(row.id, choice.provider, assigned.template)
        if critical and choice.is_probe and row.outcome is None:
            # The provider will probably fail or hang: the person's next channel does not wait for it.
            self._outcomes.try_other_channel(tx, assigned)
        return assigned

    def _hold(self, tx: Transaction, row: Delivery, until: Instant | None) -> None:
        """No provider may be asked: until the next probe while breakers are open, else a failure for its limits."""
        if until is None:
            self._outcomes.refuse_over_limit(tx, row)
            return
        held = structs.replace(
            row, state=DeliveryState.PENDING, lease_until=None, not_before=until, outcome=BREAKER, code=BREAKER
        )
        held = self._outcomes.combined.release(tx, held, until)
        tx.store.update_delivery(row, held, tx.now, BREAKER)
        if row.outcome != BREAKER:
            tx.store.add_timeline(self._outcomes.timeline.message(held, "retrying", tx.now, BREAKER))
            self._outcomes.try_other_channel(tx, held)
