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


def router_with_open_breakers() -> ProviderRouter:
    router = router_of()
    for provider, at in (("first", 0), ("second", 1_000)):
        router.record(structs.replace(ROW, provider=provider), SendOutcome.CONFIG, at)
    return router


def test_while_all_breakers_are_open_a_message_waits_for_the_first_probe() -> None:
    router = router_with_open_breakers()
    any_store: Any = Carried()
    assert router.choose(any_store, ROW, 2_000, critical=False) == Choice(wait_until=PROBE_EVERY_MS)
    at_first = structs.replace(ROW, provider="first")
    assert router.next_attempt(any_store, at_first, REFUSED, 2_000, critical=False) is None
    assert router.choose(any_store, ROW, PROBE_EVERY_MS, critical=True, avoid="first").provider == "first"
    open_ones = [provider for _, provider, breaker in router.providers() if breaker.is_open]
    assert open_ones == ["first", "second"]


def test_a_critical_message_passes_open_breakers_in_order_and_counts_as_the_probe() -> None:
    router = router_with_open_breakers()
    any_store: Any = Carried()
    assert router.choose(any_store, ROW, 2_000, critical=True) == Choice("first", is_probe=True)
    at_first = structs.replace(ROW, provider="first")
    again = router.next_attempt(any_store, at_first, REFUSED, 2_000, critical=True)
    assert again is not None
    assert again.provider == "second"
    assert router.next_attempt(any_store, again, REFUSED, 2_000, critical=True) is None, "there is no third"
    waiting = router.choose(any_store, ROW, 3_000, critical=False)
    assert waiting == Choice(wait_until=2_000 + PROBE_EVERY_MS), "one probe is enough for all others"
    router.record(at_first, SendOutcome.ACCEPTED, 3_000)
    assert router.choose(any_store, ROW, 3_000, critical=False) == Choice("first")


def test_a_used_up_limit_holds_for_critical_messages_too() -> None:
    router = router_of(first=ProviderPlan(limits=(ProviderLimit(DAY, 1),)), second=ProviderPlan())
    full: Any = Carried(first=1)
    router.record(structs.replace(ROW, provider="second"), SendOutcome.CONFIG, 0)
    assert router.choose(full, ROW, 1_000, critical=True) == Choice("second", is_probe=True)


def test_the_limits_of_whole_accounts_are_listed() -> None:
    account = ProviderLimit(DAY, 1000, "account")
    router = router_of(second=ProviderPlan(limits=(ProviderLimit(DAY, 2), account)))
    assert list(router.account_limits()) == [("sms", "second", account)]
