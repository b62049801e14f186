"""Schemas of statistics about alerts."""

from __future__ import annotations

from typing import Literal

from console.schemas.references import Schema


class DispositionCount(Schema, frozen=True, kw_only=True):
    """Alerts dealt with of one rule, device or place, by what they turned out to be; `unknown`: nobody said."""

    id: str
    name: str
    total: int
    real: int
    false_alarm: int
    test: int
    device_fault: int
    prank: int
    unknown: int


class DispositionStatistics(Schema, frozen=True, kw_only=True):
    """Counts of dispositions; exercises and merged alerts are left out."""

    by: Literal["rule", "device", "place"]
    items: list[DispositionCount]
