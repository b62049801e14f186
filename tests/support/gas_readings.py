"""Readings of gas alarms around one instant, and their findings as short lines."""

from __future__ import annotations

from domain import Quality, Reading, Value
from rules.engine.engine import Engine

T0 = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def reading_at(at: int, device: str = "gas-1", kind: str = "gas_alarm", late: int = 0, **values: Value) -> Reading:
    """A reading measured at T0 + `at` ms that arrives `late` ms after that."""
    return Reading(device, kind, T0 + at, T0 + at + late, values)


def reading_with_quality(at: int, quality: Quality, *names: str, **values: Value) -> Reading:
    """A reading of gas-1 whose quantities `names` (all, if none is named) have this quality."""
    doubts = dict.fromkeys(names or values, quality)
    return Reading("gas-1", "gas_alarm", T0 + at, T0 + at, values, doubts)


def feed(engine: Engine, *readings: Reading) -> list[str]:
    """Feeds one by one; returns the findings as `rule phase`."""
    findings = [finding for reading in readings for finding in engine.feed([reading], reading.received)]
    return [f"{finding.rule} {finding.phase}" for finding in findings]
