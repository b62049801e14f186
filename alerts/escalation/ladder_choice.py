"""Chooses the ladder of an alert, and its extra recipients, by the circumstances. Pure but for what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.alert import Alert
from alerts.escalation.conditions import Circumstances
from alerts.escalation.policy import EscalationPolicy, Ladder, Notice, Occasion
from domain import Finding, Instant, Person, Severity
from domain.care import in_words, vulnerability
from domain.people import Community
from domain.places import self_and_ancestors

AffectedPeople = Callable[[Alert], Sequence[Person]]
"""Who may need help: the person an alert is about, or the residents of its place."""


def nobody_affected(_alert: Alert) -> Sequence[Person]:
    """Without a registry of people nobody is known."""
    return ()


class LadderChoice:
    """The ladders of a site, chosen by the registry as it is now. Hours count at the opening of the alert."""

    def __init__(
        self, policy: EscalationPolicy, community: Callable[[], Community], affected: AffectedPeople, tz: ZoneInfo
    ) -> None:
        self.policy, self._community, self._affected, self._tz = policy, community, affected, tz

    def with_vulnerability(self, alert: Alert) -> Alert:
        """The alert with how much those concerned depend on help, for its ladder and the order of the queue."""
        found = vulnerability(self._affected(alert))
        return replace(alert, vulnerability=found.points, vulnerable=in_words(found.reasons))

    def of_alert(self, alert: Alert) -> Ladder:
        return self.of_rule(alert, alert.severity, alert.ladder_rule)

    def of_rule(self, alert: Alert, severity: Severity, rule: str) -> Ladder:
        """The ladder of a finding of this rule that belongs to the alert."""
        return self.policy.ladder(alert.ledger, severity, rule, self._circumstances(alert, rule, alert.opened_at))

    def of_finding(self, finding: Finding, alert: Alert, now: Instant) -> Ladder:
        """The ladder that a finding would have in an alert of its own; `alert` is one that it may join."""
        own = replace(
            alert,
            hazard=finding.hazard,
            subject=finding.subject,
            device=finding.device,
            place=finding.place,
            opened_at=now,
        )
        return self.of_rule(own, finding.severity, finding.rule)

    def notices(self, alert: Alert, ladder: Ladder, rule: str, occasion: Occasion, now: Instant) -> list[Notice]:
        """The extra recipients of a ladder on this occasion, for a finding of this rule."""
        if not ladder.notify:
            return []
        about = self._circumstances(alert, rule, now)
        return [notice for notice in ladder.notify if notice.at is occasion and notice.when.match(about)]

    def _circumstances(self, alert: Alert, rule: str, at: Instant) -> Circumstances:
        local = datetime.fromtimestamp(at / 1000, self._tz)
        return Circumstances(
            hazard=alert.hazard,
            rules=frozenset({rule}),
            places=level_names(self._community(), alert.place),
            vulnerability=alert.vulnerability,
            minute=local.hour * 60 + local.minute,
            people=partial(self._affected, alert),
        )


def level_names(community: Community, place: str | None) -> frozenset[str]:
    """Names and roles of the levels of a place and of those around it."""
    nodes = list(self_and_ancestors(community.places, place))
    return frozenset({node.level for node in nodes} | {community.role_of(node).value for node in nodes})
