"""Subscribers of events: which hazards, severities and places each one gets. Pure."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from domain import Ledger, Severity
from domain.people import Community
from domain.places import self_and_ancestors


class Topic(StrEnum):
    """What a subscriber may ask for (site.yaml)."""

    CASES = "cases"
    FINDINGS = "findings"
    CARE = "care"


class EventFacts(Struct, frozen=True):
    """What filters look at."""

    topic: Topic
    hazard: str
    severity: Severity
    ledger: Ledger
    place: str | None


class Subscriber(Struct, frozen=True):
    """A filter of events; an empty field matches all. `places` are ids, each with the places below it.

    `severity` is the least severe level that is sent.
    """

    id: str
    topics: frozenset[Topic] = frozenset({Topic.CASES})
    hazards: frozenset[str] = frozenset()
    ledgers: frozenset[Ledger] = frozenset({Ledger.DANGER})
    places: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW

    def wants(self, facts: EventFacts, community: Community) -> bool:
        """Whether an event is sent to this subscriber."""
        if facts.topic not in self.topics or facts.ledger not in self.ledgers:
            return False
        if self.hazards and facts.hazard not in self.hazards:
            return False
        return facts.severity.rank <= self.severity.rank and self._is_in_places(facts.place, community)

    def _is_in_places(self, place: str | None, community: Community) -> bool:
        if not self.places:
            return True
        return any(node.id in self.places for node in self_and_ancestors(community.places, place))
