"""The logbook: a message that is only recorded, for the operations centre to read. It always succeeds."""

from __future__ import annotations

from alerts.channels.channel import LookupResult, LookupStatus, NoCallbacks, SendOutcome, SendResult
from alerts.message import Delivery
from domain import Instant


class Logbook(NoCallbacks):
    """The timeline entry is the message; there is no provider."""

    name = "logbook"
    idempotent = True

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        del now
        return SendResult(SendOutcome.ACCEPTED, provider_id=delivery.id)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        del now
        return LookupResult(LookupStatus.DELIVERED, provider_id=delivery.id)
