"""Which provider of a channel carries a message: order, breakers, limits, and where a refused message goes. Pure.

Every choice is stored with the delivery before the provider is asked, so that after a crash the provider that may have
sent the message is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, structs

from alerts.channels.channel import SendOutcome, SendResult
from alerts.channels.payloads import FIXED
from alerts.channels.providers import ProviderChain, ProviderLimit
from alerts.delivery.breaker import CircuitBreaker
from alerts.delivery.receipts import ReceiptWatch
from alerts.message import Delivery
from alerts.ports import Outbox
from domain import Instant

TRY_NEXT: Final = (
    SendOutcome.TEMPORARY,
    SendOutcome.RATE,
    SendOutcome.RECIPIENT,
    SendOutcome.CONTENT,
    SendOutcome.TEMPLATE,
    SendOutcome.CONFIG,
)
"""Outcomes that prove that this provider has not sent the message: another one may."""
REFUSED_TEXT: Final = (SendOutcome.CONTENT, SendOutcome.TEMPLATE)


class Choice(Struct, frozen=True):
    """The provider of a message. Without one: `wait_until` while breakers are open, else limits are used up.

    `is_probe`: the provider's breaker is open, so that it may well fail.
    """

    provider: str | None = None
    wait_until: Instant | None = None
    is_probe: bool = False


class ProviderRouter:
    """Breakers, receipts and counts of all providers, by channel and provider."""

    def __init__(self) -> None:
        self._chains: dict[str, ProviderChain] = {}
        self._breakers: dict[tuple[str, str], CircuitBreaker] = {}
        self._receipts: dict[tuple[str, str], ReceiptWatch] = {}
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        """(channel, provider, outcome) -> number of sends since the start."""

    def add(self, chain: ProviderChain) -> None:
        """A channel of the site."""
        self._chains[chain.name] = chain
        for provider in chain.providers:
            self._breakers.setdefault((chain.name, provider), CircuitBreaker())
            if chain.plan(provider).receipts:
                self._receipts.setdefault((chain.name, provider), ReceiptWatch())

    def providers(self) -> Iterator[tuple[str, str, CircuitBreaker]]:
        """(channel, provider, breaker) of all providers."""
        return ((channel, provider, breaker) for (channel, provider), breaker in self._breakers.items())

    def account_limits(self) -> Iterator[tuple[str, str, ProviderLimit]]:
        """(channel, provider, limit) of all limits of whole accounts."""
        for channel, chain in self._chains.items():
            for provider in chain.providers:
                for limit in chain.plan(provider).limits:
                    if limit.per == "account":
                        yield channel, provider, limit

    def is_alone(self, channel: str) -> bool:
        """Whether the channel has one provider only: then its faults are the channel's."""
        chain = self._chains.get(channel)
        return chain is None or len(chain.providers) == 1

    def choose(self, store: Outbox, row: Delivery, now: Instant, critical: bool, avoid: str = "") -> Choice:
        """The first provider that works and has room for this message; `avoid` is the last one to be asked.

        While all breakers are open a critical message is sent by the first of them all the same: waiting for a probe
        would cost up to half a minute of a danger.
        """
        chain = self._chains.get(row.channel)
        if chain is None:
            return Choice(row.channel)
        blocked = dict[str, CircuitBreaker]()
        for provider in sorted(chain.providers, key=lambda name: name == avoid):
            breaker = self._breakers[row.channel, provider]
            if not self._has_room(store, chain, provider, row, now, critical):
                continue
            is_open = breaker.is_open
            if breaker.allows(now):
                return Choice(provider, is_probe=is_open)
            blocked[provider] = breaker
        if critical and blocked:
            provider, breaker = next(iter(blocked.items()))
            breaker.begin_probe(now)
            return Choice(provider, is_probe=True)
        return Choice(wait_until=min((breaker.next_probe(now) for breaker in blocked.values()), default=None))

    def next_attempt(
        self, store: Outbox, row: Delivery, result: SendResult, now: Instant, critical: bool
    ) -> Delivery | None:
        """The message as it is sent next, after its provider has refused it: as fixed text, or by another provider.
        None when there is no other way now.
        """
        chain = self._chains.get(row.channel)
        if chain is None or row.provider is None or result.outcome not in TRY_NEXT:
            return None
        # The fixed text speaks of an alert: a message that belongs to a person never becomes it.
        fixed = chain.plan(row.provider).fallback_template if row.alert is not None else ""
        if result.outcome in REFUSED_TEXT and fixed and not row.payload.get(FIXED):
            return structs.replace(row, payload={**row.payload, FIXED: True})
        plain = {name: value for name, value in row.payload.items() if name != FIXED}
        order = list(chain.providers)
        later = order[order.index(row.provider) + 1 :] if row.provider in order else []
        with_room = dict[str, Delivery]()
        for provider in later:
            candidate = structs.replace(row, provider=provider, payload=plain)
            if self._has_room(store, chain, provider, candidate, now, critical):
                with_room[provider] = candidate
        return self._first_allowed(row.channel, with_room, now, critical)

    def _first_allowed(
        self, channel: str, candidates: dict[str, Delivery], now: Instant, critical: bool
    ) -> Delivery | None:
        """The first one whose breaker lets it pass; a critical one passes an open breaker when no other is closed."""
        for provider, candidate in candidates.items():
            if self._breakers[channel, provider].allows(now):
                return candidate
        if not critical or not candidates:
            return None
        provider, candidate = next(iter(candidates.items()))
        self._breakers[channel, provider].begin_probe(now)
        return candidate

    def record(self, row: Delivery, outcome: SendOutcome, now: Instant) -> None:
        """The outcome of one send."""
        key = (row.channel, row.provider or row.channel)
        self.outcomes[(*key, outcome.value)] += 1
        if key in self._breakers:
            self._breakers[key].record(outcome, now)
        if outcome is SendOutcome.ACCEPTED and key in self._receipts:
            self._receipts[key].accepted(now)

    def record_receipt(self, row: Delivery, delivered: bool) -> None:
        """A receipt of the provider arrived."""
        key = (row.channel, row.provider or row.channel)
        self.outcomes[(*key, "delivered" if delivered else "undelivered")] += 1
        if key in self._receipts:
            self._receipts[key].received()

    def is_open(self, channel: str, provider: str) -> bool:
        breaker = self._breakers.get((channel, provider))
        return breaker is not None and breaker.is_open

    def missing_receipts(self, now: Instant) -> Iterable[tuple[str, str, bool]]:
        """(channel, provider, whether its receipts are missing) where that has changed since the last call."""
        return [(*key, watch.is_missing) for key, watch in self._receipts.items() if watch.changed(now)]

    def _has_room(
        self, store: Outbox, chain: ProviderChain, provider: str, row: Delivery, now: Instant, critical: bool
    ) -> bool:
        template = str(row.payload.get("name") or row.payload.get("template") or "")
        return all(
            store.count_carried(
                row.channel,
                provider,
                now - limit.span_ms,
                None if limit.per == "account" else row.address,
                template if limit.per == "template" else None,
                row.id,
            )
            < limit.room(critical)
            for limit in chain.plan(provider).limits
        )
