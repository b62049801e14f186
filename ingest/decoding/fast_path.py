"""The ordinary message, read in one go: our own format, a known device, nothing unusual. All else goes the long way.

Both ways give the same answer (a test compares them); this one only saves the steps between. It knows no platform.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain import Device
from ingest.adapters import native
from ingest.decoding.duplicates import Window
from ingest.decoding.validation import Verdict, pass_at_once
from ingest.frame import Frame
from ingest.mappings.mapping import Plan
from ingest.results import Draft, Heard

KNOWN_MAX: Final = 400_000
"""Topics whose device, plan and window are kept at hand."""

Plain = dict[str, object]
"""The object that an ordinary message holds, not yet looked at."""

_decode = msgspec.json.Decoder().decode


class Express:
    """What the topics of ordinary messages lead to. `forget` when a device, a plan or a window may have changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Device, Plan, Window]] = {}

    def learn(self, topic: str, draft: Draft, device: Device, plan: Plan, window: Window) -> None:
        """The long way found out who speaks on this topic."""
        if draft.platform == native.PLATFORM and len(self._known) < KNOWN_MAX:
            self._known[topic] = device, plan, window

    def forget(self) -> None:
        """Everybody is to be looked up again."""
        self._known.clear()

    def read(self, frame: Frame) -> Plain | None:
        """The object it holds, or None when it must go the long way."""
        if frame.topic not in self._known or frame.size is not None or frame.retain:
            return None
        try:
            said = _decode(frame.payload)
        except (ValueError, RecursionError):
            return None
        return said if type(said) is dict else None

    def take(self, said: Plain, frame: Frame, heard: Heard) -> Draft | None:
        """Admits it; or gives the draft that must go the long way, of which nothing is remembered yet."""
        known = self._known.get(frame.topic)
        at, seq = said.pop("ts", None), said.pop("seq", None)
        if known is not None:
            device, plan, window = known
            outcome = pass_at_once(said, at, seq, device, plan, window, frame.received)
            if isinstance(outcome, Verdict):
                heard.duplicates += 1
                return None
            if outcome is not None:
                heard.readings.append(outcome)
                return None
        return Draft(native.PLATFORM, frame.topic.split("/")[2], at, said, seq)
