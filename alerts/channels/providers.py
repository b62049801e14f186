"""A channel with one or several providers in order: what each may send, and which of them carries a message.

A channel with a single provider is a chain of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct, field

from alerts.channels.channel import Channel, LookupResult, LookupStatus, ProviderEvent, SendOutcome, SendResult
from alerts.message import Delivery
from domain import DAY, Instant

RESERVE: Final = 0.3
"""Share of a daily limit that is kept for critical alerts."""


class ProviderLimit(Struct, frozen=True):
    """At most `count` messages in `span_ms`: to one number, to one number with one template, or of the whole account.

    Of a limit of a day or longer, the last RESERVE is for critical alerts only.
    """

    span_ms: int
    count: int
    per: str = "number"
    """`number`, `template` or `account`."""

    def room(self, critical: bool) -> int:
        """
        >>> ProviderLimit(DAY, 50).room(critical=False), ProviderLimit(DAY, 50).room(critical=True)
        (35, 50)
        >>> ProviderLimit(DAY, 2).room(critical=False), ProviderLimit(60_000, 1).room(critical=False)
        (1, 1)
        """
        return self.count if critical or self.span_ms < DAY else int(self.count * (1 - RESERVE))


class ProviderPlan(Struct, frozen=True):
    """What is known of a provider before anything is sent.

    `receipts`: it reports delivery, so that none for a while is a fault. `fallback_template`: a filed text without
    variables, for a message whose own template or variables are refused.
    """

    limits: tuple[ProviderLimit, ...] = ()
    receipts: bool = False
    fallback_template: str = ""


@runtime_checkable
class PollingProvider(Protocol):
    """A provider whose receipts and replies are fetched, for sites that nothing can call."""

    async def poll(self, now: Instant) -> Sequence[ProviderEvent]:
        """What arrived since the last call. Never raises for faults of the provider or the network."""
        ...


class ProviderChain(Struct, frozen=True):
    """The providers of one channel by name, in the order in which they are tried."""

    name: str
    providers: Mapping[str, Channel]
    plans: Mapping[str, ProviderPlan] = field(default_factory=dict)

    def plan(self, provider: str) -> ProviderPlan:
        return self.plans.get(provider) or ProviderPlan()

    def is_idempotent(self, provider: str | None) -> bool:
        """Whether a message that this provider may have sent can be sent again unchanged."""
        found = self.providers.get(provider or next(iter(self.providers)))
        return found is not None and found.idempotent

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """Send by the provider that the delivery names."""
        found = self.providers.get(delivery.provider or "")
        if found is None:
            return SendResult(SendOutcome.CONFIG, code="provider was removed")
        return await found.send(delivery, now)

    async def lookup(self, delivery: Delivery, now: Instant) -> LookupResult:
        """Ask the provider that may have sent it; one that was removed cannot be asked."""
        found = self.providers.get(delivery.provider or next(iter(self.providers)))
        return LookupResult(LookupStatus.UNDETERMINED) if found is None else await found.lookup(delivery, now)


def chain_of(name: str, channel: Channel | ProviderChain) -> ProviderChain:
    """The channel `name` with this as its only provider, unless it is a chain already."""
    return channel if isinstance(channel, ProviderChain) else ProviderChain(name, {channel.name: channel})
