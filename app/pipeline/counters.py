"""What has passed through the chain, for /metrics and the status line. Nothing is decided by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from domain import Instant
from ingest.frame import Frame
from ingest.results import IngestResult


class Counters(Struct):
    """What has passed, for /metrics and the status line."""

    frames: int = 0
    readings: int = 0
    duplicates: int = 0
    findings: int = 0
    internal_errors: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    device_events: Counter[str] = field(default_factory=Counter)
    last_reading_at: Instant | None = None

    def add(self, frames: Sequence[Frame], heard: IngestResult) -> None:
        """A slice was heard."""
        self.frames += len(frames)
        self.readings += len(heard.readings)
        self.duplicates += heard.duplicates
        self.refusals.update(refusal.reason.value for refusal in heard.refusals)
        self.device_events.update(note.kind.value for note in heard.events)
        if heard.readings:
            self.last_reading_at = frames[-1].received
