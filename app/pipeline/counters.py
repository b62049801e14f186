"""Counters of the pipeline, for /metrics and the status line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from domain import Instant
from ingest.frame import Frame
from ingest.results import IngestResult


class Counters(Struct):
    """Totals since the service started. `refusals` by reason, `device_events` by kind of event."""

    frames: int = 0
    readings: int = 0
    duplicates: int = 0
    findings: int = 0
    internal_errors: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    device_events: Counter[str] = field(default_factory=Counter)
    last_reading_at: Instant | None = None

    def add(self, frames: Sequence[Frame], result: IngestResult) -> None:
        """Count a slice of frames and what decoding made of it."""
        self.frames += len(frames)
        self.readings += len(result.readings)
        self.duplicates += result.duplicates
        self.refusals.update(refusal.reason.value for refusal in result.refusals)
        self.device_events.update(event.kind.value for event in result.events)
        if result.readings:
            self.last_reading_at = frames[-1].received
