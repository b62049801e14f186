"""A chain of providers asks the one that the delivery names."""

from __future__ import annotations

import doctest
from typing import Any

from msgspec import structs

from alerts.channels import providers
from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.channels.logbook import Logbook
from alerts.channels.providers import ProviderChain, ProviderPlan, chain_of
from tests.alerts.channels.test_channels import delivery_with


def test_the_examples_hold() -> None:
    assert doctest.testmod(providers).failed == 0


def test_a_single_channel_is_its_own_provider() -> None:
    chain = chain_of("logbook", Logbook())
    assert (chain.name, list(chain.providers), chain_of("logbook", chain)) == ("logbook", ["logbook"], chain)
    assert chain.plan("logbook") == ProviderPlan()


async def test_the_named_provider_sends_and_one_that_was_removed_cannot() -> None:
    class Other(Logbook):
        idempotent: Any = False

    chain = ProviderChain("sms", {"first": Logbook(), "second": Other()})
    assert chain.is_idempotent(None)
    assert not chain.is_idempotent("second")
    assert not chain.is_idempotent("gone")
    row = delivery_with(provider="second")
    assert (await chain.send(row, 1)).outcome is SendOutcome.ACCEPTED
    assert (await chain.lookup(row, 1)).status is LookupStatus.DELIVERED
    gone = structs.replace(row, provider="gone")
    assert (await chain.send(gone, 1)).outcome is SendOutcome.CONFIG
    assert (await chain.lookup(gone, 1)).status is LookupStatus.UNDETERMINED
