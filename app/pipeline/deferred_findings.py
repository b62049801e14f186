"""Findings that wait while messages are unprocessed, because storing an alert takes longer than evaluating a reading.

Critical dangers never wait: in a storm their people are notified first. What waits is in memory only; no checkpoint is
saved meanwhile, so that a start after a crash evaluates the same messages again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import Finding, Instant, Lane, Ledger, Severity
from domain.findings import concerned

BATCH: Final = 10
"""Maximum of waiting findings that are stored before critical ones are looked for again: about 30 ms."""
PAUSE_FACTOR: Final = 5
"""While entries wait, batches are stored for one part of the time; evaluation has PAUSE_FACTOR parts."""
MAX_PAUSE_MS: Final = 5_000
"""Longest pause between two batches: one that waited an hour for a full disk must not be followed by five hours."""
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
    is_urgent: bool = False


class DeferredFindings:
    """Waiting findings in the order in which they were emitted."""

    def __init__(self) -> None:
        self._waiting: deque[WaitingFinding] = deque()
        self._keys: Counter[str] = Counter()
        self.next_batch_at: Instant = 0
        """When the next batch is due while messages wait."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, findings: Sequence[Finding], position: JournalPosition | None, *, none_waits: bool = False
    ) -> list[Finding]:
        """Let these findings wait, but for critical dangers: those are returned, each with the waiting findings of its
        device and subject before it, whose order must not change. `none_waits`: all of them are returned.
        """
        urgent = {key for finding in findings if none_waits or is_urgent(finding) for key in concerned(finding)}
        ahead = [] if self._keys.keys().isdisjoint(urgent) else self._remove(urgent)
        for finding in findings:
            if urgent.isdisjoint(concerned(finding)):
                self._waiting.append(WaitingFinding(finding, position))
                self._keys.update(concerned(finding))
            else:
                ahead.append(finding)
        return ahead

    def _remove(self, keys: set[str]) -> list[Finding]:
        """The waiting findings that concern one of these, which wait no longer."""
        removed = [item for item in self._waiting if not keys.isdisjoint(concerned(item.finding))]
        self._waiting = deque(item for item in self._waiting if keys.isdisjoint(concerned(item.finding)))
        self._forget(removed)
        return [item.finding for item in removed]

    def _forget(self, removed: Sequence[WaitingFinding]) -> None:
        for item in removed:
            for key in concerned(item.finding):
                self._keys[key] -= 1
                if not self._keys[key]:
                    del self._keys[key]

    def is_batch_due(self, now: Instant, idle: bool) -> bool:
        """Whether waiting findings should be stored now: nothing else is to do, or it is their part of the time."""
        return bool(self._waiting) and (idle or len(self._waiting) > MAX_WAITING or now >= self.next_batch_at)

    def note_stored(self, began: Instant, ended: Instant) -> None:
        """A batch was stored between these instants: evaluation has the time after it."""
        self.next_batch_at = ended + min(PAUSE_FACTOR * (ended - began), MAX_PAUSE_MS)

    def take(self) -> FindingBatch:
        """The oldest BATCH findings. They stay away: store them, or repeat until that succeeds."""
        taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        self._forget(taken)
        last = taken[-1].position if taken else None
        following = self._waiting[0].position if self._waiting else None
        return FindingBatch([item.finding for item in taken], None if last == following else last)


def is_urgent(finding: Finding) -> bool:
    """True for a critical danger: it does not wait behind others."""
    return finding.severity is Severity.CRITICAL and finding.ledger is Ledger.DANGER
