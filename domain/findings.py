"""Finding ids, and findings that the service reports about itself: they come from no rulebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain import Evidence, Finding, FindingPhase, Instant, Ledger, Severity, Subject

OWN_VERSION: Final = "1"
"""The rule version of our own findings; part of ids that are stored, so it never changes."""

ENDED_BY_RULE_CHANGE: Final = "rule"
"""Quantity of the evidence of a finding that ends because its rule was removed, rewritten or put into shadow, not
because the danger is over. Stored with findings, so it never changes."""


def finding_id(rule: str, version: str, subject: Subject | str, begin: Instant) -> str:
    """The id of a finding, the same on every replay.

    >>> finding_id("gas-leak", "3", Subject("building", "b3"), 1767225650000)
    'gas-leak@3/building:b3/1767225650000'
    """
    return f"{rule}@{version}/{subject}/{begin}"


def own_finding(
    rule: str,
    subject: Subject,
    begin: Instant,
    *,
    title: str,
    advice: str,
    key: str | None = None,
    window: Instant | None = None,
    at: Instant | None = None,
    phase: FindingPhase = FindingPhase.BEGAN,
    severity: Severity = Severity.HIGH,
    ledger: Ledger = Ledger.HEALTH,
    hazard: str = "device",
    evidence: tuple[Evidence, ...] = (),
) -> Finding:
    """A finding that the service makes itself, by default for maintenance.

    `key` takes the place of the subject in the id, where one subject may have several findings at a time;
    `window` takes the place of `begin` in the id, so that all reports within one window are one finding.
    `at` is the event time of this phase and its journal time; without it both are `begin`.

    >>> own_finding("broker-dropped", Subject("system", "broker"), 0, title="...", advice="").id
    'broker-dropped@1/system:broker/0'
    """
    at = begin if at is None else at
    id = finding_id(rule, OWN_VERSION, subject if key is None else key, begin if window is None else window)
    return Finding(
        id=id,
        rule=rule,
        version=OWN_VERSION,
        phase=phase,
        hazard=hazard,
        title=title,
        severity=severity,
        ledger=ledger,
        subject=subject,
        begin=begin,
        at=at,
        now=at,
        advice=advice,
        evidence=evidence,
    )


def concerned(finding: Finding) -> set[str]:
    """Device and subject of a finding. Findings that share one of them are processed in the order of emission."""
    subject = str(finding.subject)
    return {subject} if finding.device is None else {subject, finding.device}


def most_severe_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings by severity; those of one device or subject stay in their order and have the rank of the worst.

    >>> def graded(device: str, severity: Severity) -> Finding:
    ...     return own_finding("gas", Subject("device", device), 0, title="", advice="", severity=severity)
    >>> emitted = [graded("b", Severity.HIGH), graded("a", Severity.LOW), graded("a", Severity.CRITICAL)]
    >>> [(finding.subject.id, finding.severity.value) for finding in most_severe_first(emitted)]
    [('a', 'low'), ('a', 'critical'), ('b', 'high')]
    """
    ranks: dict[str, int] = {}
    is_final = False
    while not is_final:
        is_final = True
        for finding in findings:
            keys = concerned(finding)
            rank = min([finding.severity.rank, *(ranks[key] for key in keys if key in ranks)])
            if any(ranks.get(key) != rank for key in keys):
                ranks |= dict.fromkeys(keys, rank)
                is_final = False
    return sorted(findings, key=lambda finding: ranks[str(finding.subject)])
