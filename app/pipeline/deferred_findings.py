"""Findings that wait while messages are unprocessed, because storing an alert takes longer than evaluating a reading.

Critical dangers never wait: in a storm their people are notified first. What waits is in memory only; no checkpoint is
saved meanwhile, so that a start after a crash evaluates the same messages again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import Finding, Instant, Lane, Ledger, Severity

BATCH: Final = 10
"""Maximum of waiting findings that are stored before critical ones are looked for again: about 50 ms."""
PAUSE_FACTOR: Final = 5
"""While entries wait, batches are stored for one part of the time; evaluation has PAUSE_FACTOR parts."""
MAX_WAITING: Final = 50_000
"""Beyond this number entries are not processed until some are stored."""

JournalPosition = tuple[Lane, int]


class WaitingFinding(Struct, frozen=True):
    """A finding, and the journal entry it comes from (None: a timer)."""

    finding: Finding
    position: JournalPosition | None


class FindingBatch(Struct, frozen=True):
    """Findings to store together. `position` is set when these are the last ones of that entry."""

    findings: list[Finding]
    position: JournalPosition | None = None


class DeferredFindings:
    """Waiting findings in the order in which they were emitted."""

    def __init__(self) -> None:
        self._waiting: deque[WaitingFinding] = deque()
        self._next_batch_at: Instant = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, findings: Sequence[Finding], position: JournalPosition | None, *, none_waits: bool = False
    ) -> list[Finding]:
        """Let these findings wait, but for critical dangers: those are returned, each with the waiting findings of its
        device and subject before it, whose order must not change. `none_waits`: all of them are returned.
        """
        urgent = [finding for finding in findings if none_waits or is_urgent(finding)]
        keys = {key for finding in urgent for key in _keys(finding)}
        everything = [*self._waiting, *(WaitingFinding(finding, position) for finding in findings)]
        if not keys:
            self._waiting = deque(everything)
            return []
        self._waiting = deque(item for item in everything if keys.isdisjoint(_keys(item.finding)))
        return [item.finding for item in everything if not keys.isdisjoint(_keys(item.finding))]

    def is_batch_due(self, now: Instant, idle: bool) -> bool:
        """Whether waiting findings should be stored now: nothing else is to do, or it is their part of the time."""
        return bool(self._waiting) and (idle or len(self._waiting) > MAX_WAITING or now >= self._next_batch_at)

    def note_stored(self, began: Instant, ended: Instant) -> None:
        """A batch was stored between these instants: evaluation has the time after it."""
        self._next_batch_at = ended + PAUSE_FACTOR * (ended - began)

    def take(self) -> FindingBatch:
        """The oldest BATCH findings. They stay away: store them, or repeat until that succeeds."""
        taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        last = taken[-1].position if taken else None
        following = self._waiting[0].position if self._waiting else None
        return FindingBatch([item.finding for item in taken], None if last == following else last)


def is_urgent(finding: Finding) -> bool:
    """True for a critical danger: it does not wait behind others."""
    return finding.severity is Severity.CRITICAL and finding.ledger is Ledger.DANGER


def _keys(finding: Finding) -> set[str]:
    """Findings that share one of these concern the same device or subject."""
    subject = str(finding.subject)
    return {subject} if finding.device is None else {subject, finding.device}
