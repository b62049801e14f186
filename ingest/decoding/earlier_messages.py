"""What must be known of earlier messages to judge one: words told once, tests that began, fields nobody understood.

All of it is part of a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from msgspec import Struct, field

from domain import Device, Instant
from ingest.decoding.unread_verdicts import Kept, UnreadFields
from ingest.decoding.validation import understands
from ingest.mappings.mapping import Plan
from ingest.mappings.repeats import News, TestRuns
from ingest.results import Unread


class Said(Struct, array_like=True):
    """As a snapshot holds it."""

    news: list[tuple[str, str, Instant]] = field(default_factory=list)
    tests: dict[str, Instant] = field(default_factory=dict)
    unread: list[Kept] = field(default_factory=list)


class SaidBefore:
    """The three memories."""

    def __init__(self, said: Said | None = None) -> None:
        said = said or Said()
        self.news, self.tests, self.unread = News(said.news), TestRuns(said.tests), UnreadFields(said.unread)

    def saved(self) -> Said:
        """As values."""
        return Said(self.news.saved(), self.tests.began, self.unread.saved())

    def understood(self, device: Device, platform: str, plan: Plan, at: Instant) -> Iterable[Unread]:
        """What was told as not understood of this device, and now is."""
        if device.id not in self.unread:
            return ()
        return self.unread.understood(device, platform, partial(understands, plan), at)
