"""Which provider carries a message."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.channels.channel import SendOutcome, SendResult
from alerts.channels.logbook import Logbook
from alerts.channels.providers import ProviderChain, ProviderLimit, ProviderPlan
from alerts.delivery.breaker import PROBE_EVERY_MS
from alerts.delivery.routing import Choice, ProviderRouter
from domain import DAY
from tests.alerts.channels.test_channels import delivery_with

ROW = delivery_with(payload={"name": "gas.critical"})
REFUSED = SendResult(SendOutcome.CONFIG)


class Carried:
    """A store in which each provider has carried so many messages."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts

    def count_carried(self, _channel: str, provider: str, *_: object) -> int:
        return self.counts.get(provider, 0)


def router_of(**plans: ProviderPlan) -> ProviderRouter:
    router = ProviderRouter()
    router.add(ProviderChain("sms", {"first": Logbook(), "second": Logbook()}, plans))
    return router


def test_a_channel_that_the_site_lacks_is_its_own_provider() -> None:
    router, store = ProviderRouter(), Carried()
    removed: Any = store
    assert router.choose(removed, ROW, 0, critical=True) == Choice("sms")
    assert router.next_attempt(removed, structs.replace(ROW, provider="sms"), REFUSED, 0, critical=True) is None
    router.record(ROW, SendOutcome.CONFIG, 0)
    router.record_receipt(ROW, delivered=True)
    assert not router.is_open("sms", "sms")
    assert router.is_alone("sms")


def test_a_message_goes_to_the_next_provider_that_works_and_has_room() -> None:
    router = router_of(second=ProviderPlan(limits=(ProviderLimit(DAY, 2),)))
    at_first = structs.replace(ROW, provider="first")
    room: Any = Carried()
    full: Any = Carried(second=2)
    again = router.next_attempt(room, at_first, REFUSED, 0, critical=True)
    assert again is not None
    assert again.provider == "second"
    assert router.next_attempt(full, at_first, REFUSED, 0, critical=True) is None
    assert router.next_attempt(room, again, REFUSED, 0, critical=True) is None, "it was the last one"
    removed = structs.replace(ROW, provider="removed")
    assert router.next_attempt(room, removed, REFUSED, 0, critical=True) is None
    assert router.next_attempt(room, at_first, SendResult(SendOutcome.UNKNOWN), 0, critical=True) is None
    assert not router.is_alone("sms")


def test_while_all_breakers_are_open_a_message_waits_for_the_first_probe() -> None:
    router, store = router_of(), Carried()
    any_store: Any = store
    for provider, at in (("first", 0), ("second", 1_000)):
        router.record(structs.replace(ROW, provider=provider), SendOutcome.CONFIG, at)
    assert router.choose(any_store, ROW, 2_000, critical=True) == Choice(wait_until=PROBE_EVERY_MS)
    assert router.choose(any_store, ROW, PROBE_EVERY_MS, critical=True, avoid="first").provider == "first"
    open_ones = [provider for _, provider, breaker in router.providers() if breaker.is_open]
    assert open_ones == ["first", "second"]
