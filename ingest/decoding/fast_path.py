"""Fast path of the ordinary message: native format, registered device, nothing unusual. Other messages leave it.

Both paths give the same result (a test compares them); this one only saves the steps between.
"""

from __future__ import annotations

from collections.abc import Sequence
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
"""Topics whose device, plan and duplicate window are cached."""

JsonObject = dict[str, object]
"""The object in the payload of an ordinary message, not validated yet."""

_decode = msgspec.json.Decoder().decode


class FastPath:
    """Device, plan and duplicate window by topic. Call `invalidate` when one of them may have changed."""

    def __init__(self) -> None:
        self._topics: dict[str, tuple[Device, Plan, DuplicateWindow]] = {}

    def register(
        self, topic: str, raw_reading: RawReading, device: Device, plan: Plan, window: DuplicateWindow
    ) -> None:
        """Cache what the full path found for a native topic."""
        if raw_reading.platform == native.PLATFORM and len(self._topics) < TOPICS_MAX:
            self._topics[topic] = device, plan, window

    def remove(self, topic: str) -> None:
        """Let the next message of a topic take the full path: it may end a self-test."""
        self._topics.pop(topic, None)

    def invalidate(self) -> None:
        """Remove all topics: each is looked up again by the full path."""
        self._topics.clear()

    def decode(self, frames: Sequence[Frame], result: IngestResult) -> int:
        """Add the readings of the first frames, one after the other while they are ordinary; returns how many were.

        Each is decoded and validated at once, while its values are in the processor's cache. State and result are
        unchanged by the frame that is not ordinary.
        """
        for index, frame in enumerate(frames):
            cached = self._topics.get(frame.topic)
            if cached is None or frame.size is not None or frame.retain:
                return index
            device, plan, window = cached
            try:
                payload = _decode(frame.payload)
                at, seq = payload.pop("ts", None), payload.pop("seq", None)
                outcome = validate_ordinary(payload, at, seq, device, plan, window, frame.received)
            except Exception:  # noqa: BLE001 (whatever it is: the full path decodes the frame again and refuses it)
                return index
            if outcome is None:
                return index
            if isinstance(outcome, Outcome):
                result.duplicates += 1
            else:
                result.readings.append(outcome)
        return len(frames)

    def parse(self, frame: Frame) -> JsonObject | None:
        """The JSON object of a frame on a cached topic, or None when the frame must take the full path."""
        if frame.topic not in self._topics or frame.size is not None or frame.retain:
            return None
        try:
            payload = _decode(frame.payload)
        except (ValueError, RecursionError):
            return None
        return payload if type(payload) is dict else None

    def validate(self, payload: JsonObject, frame: Frame, result: IngestResult) -> RawReading | None:
        """Add the reading to the result. Returns a raw reading for the full path instead, with no state changed."""
        cached = self._topics.get(frame.topic)
        at, seq = payload.pop("ts", None), payload.pop("seq", None)
        if cached is not None:
            device, plan, window = cached
            outcome = validate_ordinary(payload, at, seq, device, plan, window, frame.received)
            if isinstance(outcome, Outcome):
                result.duplicates += 1
                return None
            if outcome is not None:
                result.readings.append(outcome)
                return None
        return RawReading(native.PLATFORM, frame.topic.split("/")[2], at, payload, seq)
