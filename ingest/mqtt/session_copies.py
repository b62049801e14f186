"""One message reaches both sessions, urgent and bulk: which of the two copies is taken? It knows no MQTT.

Copies are matched by equal bytes and counted, so that two presses with equal bytes stay two: the journal gets as many
as the session that brought more. When in doubt both are taken: twice is noticed further on, never is not.
"""

from __future__ import annotations

from typing import Final

from domain import MINUTE, Instant

COUNTERS_MAX: Final = 100_000
BULK_AHEAD_MS: Final = 10 * MINUTE
"""After this the urgent session will not bring its copy any more; an equal message is another one."""


class SessionCopies:
    """How far one session is ahead of the other, for each message that both bring."""

    def __init__(self) -> None:
        self._urgent_ahead: dict[int, int] = {}
        self._bulk_ahead: dict[int, tuple[int, Instant]] = {}
        self._owed_by_urgent: dict[int, int] = {}

    def restore(self, twin: int, urgent: int, bulk: int, taken: int, now: Instant) -> None:
        """How often each session brought it before this start, and how often it was taken: go on from there.

        Its own copies of the others a session has yet to bring. `missing` were left to the other session, whose copy
        did not reach the journal: that one is to be taken.
        """
        known = max(urgent, bulk, taken)
        missing, of_urgent, of_bulk = known - taken, known - urgent, known - bulk
        promised = min(missing, of_urgent)
        counts = ((self._owed_by_urgent, promised), (self._urgent_ahead, of_bulk - missing + promised))
        for kept, count in counts:
            if count > 0:
                kept[twin] = count
        if of_urgent > promised:
            self._bulk_ahead[twin] = of_urgent - promised, now

    def keep_urgent(self, twin: int, now: Instant) -> bool:
        """Whether the urgent session's copy is to be taken. `again`: it was sent before this start already."""
        if _decrement(self._owed_by_urgent, twin):
            return True
        count, since = self._bulk_ahead.pop(twin, (0, 0))
        if count and now - since <= BULK_AHEAD_MS:
            if count > 1:
                self._bulk_ahead[twin] = count - 1, since
            return False
        _increment(self._urgent_ahead, twin)
        return True

    def keep_bulk(self, twin: int, now: Instant, trusted: bool) -> bool:
        """Whether the bulk session's copy is to be taken. `trusted`: the urgent session surely brings its own."""
        if _decrement(self._urgent_ahead, twin):
            return False
        if trusted:
            _increment(self._owed_by_urgent, twin)
            return False
        count, _ = self._bulk_ahead.pop(twin, (0, 0))
        self._bulk_ahead[twin] = count + 1, now
        _evict_oldest(self._bulk_ahead)
        return True

    def reset_bulk(self) -> None:
        """The urgent session began anew: it brings nothing that was sent before."""
        self._bulk_ahead.clear()
        self._owed_by_urgent.clear()


def _decrement(counts: dict[int, int], twin: int) -> bool:
    count = counts.pop(twin, 0)
    if count > 1:
        counts[twin] = count - 1
    return count > 0


def _increment(counts: dict[int, int], twin: int) -> None:
    counts[twin] = counts.pop(twin, 0) + 1
    _evict_oldest(counts)


def _evict_oldest(counts: dict[int, int] | dict[int, tuple[int, Instant]]) -> None:
    if len(counts) > COUNTERS_MAX:
        del counts[next(iter(counts))]
