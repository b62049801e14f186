"""Sends of providers as the page of the service's health shows them."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from alerts.channels.channel import SendOutcome
from alerts.delivery.breaker import CircuitBreaker
from app.server.system_facts import provider_facts
from console.system_interface import ProviderFacts


def test_receipts_are_no_sends_and_a_refused_account_opens_the_breaker() -> None:
    failing, quiet = CircuitBreaker(), CircuitBreaker()
    failing.record(SendOutcome.CONFIG, 0)
    outcomes = Counter({("sms", "a", "accepted"): 5, ("sms", "a", "delivered"): 4, ("sms", "a", "config"): 1})
    router: Any = SimpleNamespace(
        outcomes=outcomes, providers=lambda: iter([("sms", "a", failing), ("wecom", "", quiet)])
    )
    assert provider_facts(router) == (
        ProviderFacts("sms", "a", True, 5, 1),
        ProviderFacts("wecom", "", False, 0, 0),
    )
