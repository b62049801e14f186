"""What the rules of a finished run said of a finding at an instant."""

from typing import Any

from alerts.handling.finding_status import FindingStatus
from app.score.recorded_findings import RECEIVED_AFTER_MS, ApproximateRules
from domain import Finding, FindingPhase, Subject
from domain.findings import own_finding
from store.database.alerts.all_findings import StoredFinding


def stored(at: int, phase: FindingPhase, rule: str = "gas-alarm", **changes: Any) -> StoredFinding:
    found: Finding = own_finding(rule, Subject("device", "g1"), 0, title="", advice="", phase=phase, **changes)
    return StoredFinding(at, found)


def test_a_finding_is_active_until_it_ends_and_not_received_once_it_is_stale() -> None:
    hour, now = 3_600_000, [0]
    began, stale = stored(0, FindingPhase.BEGAN), stored(2 * hour, FindingPhase.STALE)
    rules = ApproximateRules([began, stale, stored(3 * hour, FindingPhase.ENDED)], lambda: now[0])

    def at(instant: int, since: int | None = None) -> FindingStatus:
        now[0] = instant
        return rules.finding_status(began.finding.id, "g1", since)

    assert at(hour) is FindingStatus.ACTIVE
    assert at(hour, hour - RECEIVED_AFTER_MS + 1) is FindingStatus.NOT_RECEIVED
    assert at(hour, hour - RECEIVED_AFTER_MS) is FindingStatus.ACTIVE
    assert at(2 * hour) is FindingStatus.NOT_RECEIVED
    assert at(3 * hour) is FindingStatus.OVER


def test_an_event_is_over_at_once() -> None:
    fall = stored(0, FindingPhase.BEGAN, rule="band-fall")
    assert ApproximateRules([fall], lambda: 1).finding_status(fall.finding.id, "g1", None) is FindingStatus.OVER
