"""The ordinary message, read in one go: our own format, a known device, nothing unusual. All else goes the long way.

Both ways give the same answer (a test compares them); this one only saves the steps between. It knows no platform.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain import Device
from ingest.adapters import native
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.validation import Outcome, validate_ordinary
from ingest.frame import Frame
from ingest.mappings.plan import Plan
from ingest.results import IngestResult, RawReading

TOPICS_MAX: Final = 400_000
"""Topics whose device, plan and window are kept at hand."""

JsonObject = dict[str, object]
"""The object that an ordinary message holds, not yet looked at."""

_decode = msgspec.json.Decoder().decode


class FastPath:
    """What the topics of ordinary messages lead to. `forget` when a device, a plan or a window may have changed."""

    def __init__(self) -> None:
        self._topics: dict[str, tuple[Device, Plan, DuplicateWindow]] = {}

    def register(self, topic: str, draft: RawReading, device: Device, plan: Plan, window: DuplicateWindow) -> None:
        """The long way found out who speaks on this topic."""
        if draft.platform == native.PLATFORM and len(self._topics) < TOPICS_MAX:
            self._topics[topic] = device, plan, window

    def invalidate(self) -> None:
        """Everybody is to be looked up again."""
        self._topics.clear()

    def parse(self, frame: Frame) -> JsonObject | None:
        """The object it holds, or None when it must go the long way."""
        if frame.topic not in self._topics or frame.size is not None or frame.retain:
            return None
        try:
            said = _decode(frame.payload)
        except (ValueError, RecursionError):
            return None
        return said if type(said) is dict else None

    def validate(self, said: JsonObject, frame: Frame, heard: IngestResult) -> RawReading | None:
        """Admits it; or gives the draft that must go the long way, of which nothing is remembered yet."""
        known = self._topics.get(frame.topic)
        at, seq = said.pop("ts", None), said.pop("seq", None)
        if known is not None:
            device, plan, window = known
            outcome = validate_ordinary(said, at, seq, device, plan, window, frame.received)
            if isinstance(outcome, Outcome):
                heard.duplicates += 1
                return None
            if outcome is not None:
                heard.readings.append(outcome)
                return None
        return RawReading(native.PLATFORM, frame.topic.split("/")[2], at, said, seq)
