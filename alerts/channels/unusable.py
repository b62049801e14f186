"""A channel or provider whose settings cannot be used: every message to it is refused, so that the next one carries it.

The refusal is that of a provider that does not accept our account: it is counted, alerts maintenance and never ends the
attempts for a critical danger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from alerts.channels.channel import CallbackResponse, LookupResult, LookupStatus, SendOutcome, SendResult
from alerts.message import Delivery
from domain import Instant

PROBLEM: Final = "settings"
"""Key of the text catalog."""


class UnusableChannel(Struct, frozen=True):
    """Stands in for a channel. `reason` says what is missing, without the values of secrets."""

    name: str
    reason: str

    @property
    def idempotent(self) -> bool:
        """Nothing is ever sent."""
        return True

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Refused: an operator must act."""
        del delivery, now
        return SendResult(SendOutcome.CONFIG, code=PROBLEM, problem=PROBLEM)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """What an earlier start may have sent cannot be asked."""
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED)

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        """Nothing can be verified: the provider is to push again later."""
        del headers, query, body, now
        return CallbackResponse(503)
