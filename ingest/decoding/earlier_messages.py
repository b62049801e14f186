"""What must be known of earlier messages to judge one: words told once, tests that began, fields nobody understood.

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
    """As a snapshot holds it."""

    repeats: list[tuple[str, str, Instant]] = field(default_factory=list)
    self_tests: dict[str, Instant] = field(default_factory=dict)
    unread_verdicts: list[OpenVerdict] = field(default_factory=list)


class EarlierMessages:
    """The three memories."""

    def __init__(self, said: EarlierMessagesState | None = None) -> None:
        said = said or EarlierMessagesState()
        self.repeats, self.self_tests, self.unread_verdicts = (
            RepeatFilter(said.repeats),
            SelfTestLimiter(said.self_tests),
            UnreadVerdicts(said.unread_verdicts),
        )

    def state(self) -> EarlierMessagesState:
        """As values."""
        return EarlierMessagesState(self.repeats.state(), self.self_tests.started_at, self.unread_verdicts.state())

    def end_understood(self, device: Device, platform: str, plan: Plan, at: Instant) -> Iterable[UnreadVerdictEvent]:
        """What was told as not understood of this device, and now is."""
        if device.id not in self.unread_verdicts:
            return ()
        return self.unread_verdicts.end_understood(device, platform, partial(is_understood, plan), at)
