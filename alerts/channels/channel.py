"""What a channel is: it sends one message to one person, looks one up, and reads what its provider pushes to us.

A channel reports what the far end said. Retries, fallback and the meaning for an alert are not its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from alerts.message import Delivery
from domain import Instant


class SendOutcome(StrEnum):
    """What the far end said to a send, in our words (facts/notifications.md 2)."""

    ACCEPTED = "accepted"
    TEMPORARY = "temp"
    """It never reached the sender: try again."""
    RATE = "rate"
    """A limit of this number or account: another way, now."""
    RECIPIENT = "recipient"
    CONTENT = "content"
    CONFIG = "config"
    """Our account, signature, template or address is not accepted: an operator must act."""
    UNKNOWN = "unknown"
    """It may have been sent: look before sending again."""


class SendResult(Struct, frozen=True):
    """`code` is the provider's own, kept word for word; `handle` updates the message later; `wait_ms` is the least
    time before another try that the provider asks for."""

    outcome: SendOutcome
    provider_id: str | None = None
    handle: str | None = None
    code: str = ""
    wait_ms: int = 0


class LookupStatus(StrEnum):
    """What a lookup found."""

    ABSENT = "absent"
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANNOT_TELL = "cannot_tell"


class LookupResult(Struct, frozen=True):
    status: LookupStatus
    provider_id: str | None = None
    code: str = ""


class DeliveryReport(Struct, frozen=True):
    """What became of a message: ours by `delivery`, or the provider's own number."""

    delivered: bool
    at: Instant
    delivery: str | None = None
    provider_id: str | None = None
    code: str = ""


class InboundText(Struct, frozen=True):
    """A text from a phone. `once` is the provider's own number of it, where it has one."""

    phone: str
    text: str
    at: Instant
    push_id: str = ""


class ButtonPress(Struct, frozen=True):
    """A button pressed by a user the provider has authenticated. `handle` may update his card once: each press has
    its own."""

    userid: str
    key: str
    at: Instant
    handle: str = ""


ProviderEvent = DeliveryReport | InboundText | ButtonPress


class CallbackResponse(Struct, frozen=True):
    """The answer to a provider's push, and what it told us. Answer first, act after."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    events: tuple[ProviderEvent, ...] = ()


class Channel(Protocol):
    """One way to a person. `idempotent` says that sending the same delivery again cannot arrive twice."""

    @property
    def name(self) -> str: ...

    @property
    def idempotent(self) -> bool: ...

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Never raises for what a provider or network does."""
        ...

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult: ...

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse: ...


CHANNELS = ("sms", "wecom", "logbook")
"""Every channel there is, by the name that ladders and callbacks use."""
