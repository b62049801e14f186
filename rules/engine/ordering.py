"""Puts what one device said in one message into event-time order. It knows no rules and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from domain import Instant, Reading


def in_event_order(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The readings, where a device's batch (same device, same arrival) is sorted by `at`; the rest as it came."""
    if len(readings) < 2 or not _disordered(readings):
        return readings
    return [reading for batch in _batches(readings) for reading in sorted(batch, key=_at)]


def _disordered(readings: Sequence[Reading]) -> bool:
    before = readings[0]
    for reading in readings:
        if reading.at < before.at and reading.device == before.device and reading.received == before.received:
            return True
        before = reading
    return False


def _batches(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    return (list(batch) for _, batch in groupby(readings, key=lambda reading: (reading.device, reading.received)))


def _at(reading: Reading) -> Instant:
    return reading.at
