"""The shared types."""

from __future__ import annotations

from domain import Reading, Severity, Subject


def test_severities_sort_the_most_severe_first() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == ["critical", "high", "medium", "low"]


def test_a_subject_is_named_by_its_device_or_by_its_type() -> None:
    assert (str(Subject("device", "gas-1")), str(Subject("building", "b3"))) == ("gas-1", "building:b3")


def test_a_reading_of_a_self_test_is_recognised() -> None:
    assert Reading("g", "gas_alarm", 0, 0, {"alarm": True, "test": True}).is_test
    assert not Reading("g", "gas_alarm", 0, 0, {"alarm": True}).is_test
