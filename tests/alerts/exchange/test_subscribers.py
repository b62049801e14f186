"""Filters of subscribers."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.exchange.subscribers import EventFacts, Subscriber, Topic
from domain import Ledger, Place, Severity
from domain.people import community

COMMUNITY = community(
    [Place("street", "街道", "街道"), Place("garden", "小区", "小区", "street"), Place("b", "栋", "楼栋", "garden")]
)
FACTS = EventFacts(Topic.CASES, "gas", Severity.HIGH, Ledger.DANGER, "b")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"topics": frozenset({Topic.FINDINGS})}, False),
        ({"topics": frozenset({Topic.FINDINGS, Topic.CASES})}, True),
        ({"ledgers": frozenset({Ledger.HEALTH})}, False),
        ({"hazards": frozenset({"fire"})}, False),
        ({"hazards": frozenset({"fire", "gas"})}, True),
        ({"severity": Severity.HIGH}, True),
        ({"severity": Severity.CRITICAL}, False),
        ({"places": frozenset({"garden"})}, True),
        ({"places": frozenset({"elsewhere"})}, False),
    ],
)
def test_every_field_that_is_set_must_match(filters: dict[str, Any], wanted: bool) -> None:
    assert Subscriber("board", **filters).wants(FACTS, COMMUNITY) is wanted


def test_an_event_without_a_place_is_in_no_place() -> None:
    facts = EventFacts(Topic.CASES, "gas", Severity.HIGH, Ledger.DANGER, None)

    assert not Subscriber("board", places=frozenset({"garden"})).wants(facts, COMMUNITY)
    assert Subscriber("board").wants(facts, COMMUNITY)
