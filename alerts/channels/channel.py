"""The contract of a channel: send one message to one person, look one up, read what its provider pushes.

Retries and fallbacks are decided by the delivery package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from alerts.message import Delivery
from domain import Instant


class SendOutcome(StrEnum):
    """The result of a send. Values are stored with the delivery."""

    ACCEPTED = "accepted"
    TEMPORARY = "temp"
    """It never reached the provider: try again."""
    RATE = "rate"
    """A limit of this number or account: use another channel now."""
    RECIPIENT = "recipient"
    CONTENT = "content"
    TEMPLATE = "template"
    """This template is not approved: send the fixed text; an operator must act."""
    CONFIG = "config"
    """Our account, signature, template or address is not accepted: an operator must act."""
    UNKNOWN = "unknown"
    """It may have been sent: look it up before sending again."""


class SendResult(Struct, frozen=True):
    """`code` is the provider's own, verbatim; `handle` allows an update of the message; `wait_ms` is the minimum time
    before the next attempt that the provider asks for.
    """

    outcome: SendOutcome
    provider_id: str | None = None
    handle: str | None = None
    code: str = ""
    wait_ms: int = 0
    problem: str = ""
    """What an operator must mend, a key of the text catalog: `balance`, `signature`, `access`, `network`."""


class LookupStatus(StrEnum):
    """The result of a lookup."""

    ABSENT = "absent"
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDETERMINED = "cannot_tell"


class LookupResult(Struct, frozen=True):
    status: LookupStatus
    provider_id: str | None = None
    code: str = ""


class DeliveryReport(Struct, frozen=True):
    """A delivery report, identified by our delivery id or the provider's id."""

    delivered: bool
    at: Instant
    delivery: str | None = None
    provider_id: str | None = None
    code: str = ""


class InboundText(Struct, frozen=True):
    """A text from a phone. `push_id` is the provider's id of it, where it has one."""

    phone: str
    text: str
    at: Instant
    push_id: str = ""


class ButtonPress(Struct, frozen=True):
    """A button press by a user whom the provider has authenticated. `handle` allows one update of his card."""

    userid: str
    key: str
    at: Instant
    handle: str = ""


class KeyPress(Struct, frozen=True):
    """A key pressed during a call that we made, identified by our delivery id or the provider's id of the call."""

    key: str
    at: Instant
    phone: str = ""
    delivery: str | None = None
    provider_id: str | None = None


ProviderEvent = DeliveryReport | InboundText | ButtonPress | KeyPress


class CallbackResponse(Struct, frozen=True):
    """The HTTP answer to a provider's push, and the events in it. It is sent once the events are committed."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    events: tuple[ProviderEvent, ...] = ()


class Channel(Protocol):
    """One way to reach people. `idempotent`: sending the same delivery twice cannot arrive twice."""

    @property
    def name(self) -> str: ...

    @property
    def idempotent(self) -> bool: ...

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Never raises for faults of the provider or the network."""
        ...

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult: ...

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse: ...


class NoLookup:
    """A provider that cannot be asked what became of an earlier message."""

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        del delivery, now
        return LookupResult(LookupStatus.UNDETERMINED)


class NoCallbacks:
    """A provider that calls nothing back; the link in a message leads to the page of its recipient."""

    def receive(
        self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant
    ) -> CallbackResponse:
        del headers, query, body, now
        return CallbackResponse(404)


def push_key(channel: str, *parts: str) -> str:
    """A key for one provider push, from the id in it (the last part); empty where the provider has none."""
    return hashlib.sha256("\0".join((channel, *parts)).encode("utf-8", "replace")).hexdigest() if parts[-1] else ""
