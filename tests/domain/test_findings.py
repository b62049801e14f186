"""Ids of findings, which are stored, and findings that the service reports about itself."""

from __future__ import annotations

from domain import HOUR, Evidence, FindingPhase, Ledger, Severity, Subject
from domain.findings import finding_id, own_finding

AT = 1_767_225_650_000


def test_the_id_names_rule_version_subject_and_begin() -> None:
    assert finding_id("gas-leak", "3", Subject("device", "gas-1"), AT) == f"gas-leak@3/gas-1/{AT}"
    assert finding_id("gas-leak", "3", Subject("household", "402"), AT) == f"gas-leak@3/household:402/{AT}"


def test_our_own_finding_is_for_maintenance_by_default() -> None:
    found = own_finding("journal-refused", Subject("system", "journal"), AT, title="t", advice="a")

    assert found.id == f"journal-refused@1/system:journal/{AT}"
    assert (FindingPhase.BEGAN, Severity.HIGH, Ledger.HEALTH, "device") == (
        found.phase,
        found.severity,
        found.ledger,
        found.hazard,
    )
    assert (AT, AT, AT) == (found.begin, found.at, found.now)


def test_a_later_phase_keeps_the_begin_and_the_id() -> None:
    evidence = (Evidence("seconds", 5, at=AT + 5_000),)
    found = own_finding(
        "journal-refused",
        Subject("system", "journal"),
        AT,
        at=AT + 5_000,
        phase=FindingPhase.ENDED,
        title="t",
        advice="a",
        evidence=evidence,
    )

    assert found.id == f"journal-refused@1/system:journal/{AT}"
    assert (AT, AT + 5_000, AT + 5_000) == (found.begin, found.at, found.now)
    assert found.evidence == evidence


def test_key_and_window_stand_in_the_id_only() -> None:
    found = own_finding(
        "unknown-device-danger", Subject("device", "x"), AT, key="x.0f", window=AT - AT % HOUR, title="t", advice="a"
    )

    assert found.id == f"unknown-device-danger@1/x.0f/{AT - AT % HOUR}"
    assert (Subject("device", "x"), AT) == (found.subject, found.begin)
