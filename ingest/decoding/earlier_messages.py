"""What earlier messages of a device mean for the next: reported objections, running self-tests, unread verdicts.

All of it is part of a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from msgspec import Struct, field

from domain import Device, Instant
from ingest.decoding.unread_verdicts import OpenVerdict, UnreadVerdicts
from ingest.decoding.validation import is_understood
from ingest.mappings.plan import Plan
from ingest.mappings.repeats import RepeatFilter, SelfTestLimiter
from ingest.results import UnreadVerdictEvent


class EarlierMessagesState(Struct, array_like=True):
    """The state of EarlierMessages in a snapshot."""

    repeats: list[tuple[str, str, Instant]] = field(default_factory=list)
    self_tests: dict[str, Instant] = field(default_factory=dict)
    unread_verdicts: list[OpenVerdict] = field(default_factory=list)


class EarlierMessages:
    """State of all devices that validation needs beside their duplicate windows."""

    def __init__(self, state: EarlierMessagesState | None = None) -> None:
        state = state or EarlierMessagesState()
        self.repeats = RepeatFilter(state.repeats)
        self.self_tests = SelfTestLimiter(state.self_tests)
        self.unread_verdicts = UnreadVerdicts(state.unread_verdicts)

    def state(self) -> EarlierMessagesState:
        """The state for a snapshot."""
        return EarlierMessagesState(self.repeats.state(), self.self_tests.started_at, self.unread_verdicts.state())

    def end_understood(self, device: Device, platform: str, plan: Plan, at: Instant) -> Iterable[UnreadVerdictEvent]:
        """The ends of unread verdicts of this device that the plan now understands."""
        if device.id not in self.unread_verdicts:
            return ()
        return self.unread_verdicts.end_understood(device, platform, partial(is_understood, plan), at)
