"""Sorts the readings of one device that arrived together by event time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from domain import Instant, Reading


def sort_by_event_time(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The readings, where a device's batch (same device, same arrival) is sorted by `at`; the rest as it came."""
    if len(readings) < 2 or not _is_out_of_order(readings):
        return readings
    return [reading for batch in _batches(readings) for reading in sorted(batch, key=_at)]


def _is_out_of_order(readings: Sequence[Reading]) -> bool:
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
