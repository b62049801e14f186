"""Finding ids, and findings that the service reports about itself: they come from no rulebook."""

from __future__ import annotations

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
