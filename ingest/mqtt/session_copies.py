"""Decides which copy is stored when the urgent and the bulk session both deliver one message.

Copies are matched by equal topic and payload, and counted, so that two presses with equal bytes stay two: the journal
gets as many copies as the session that delivered more. In doubt both are stored: a duplicate is detected later, a lost
message is not.
"""

from __future__ import annotations

from typing import Final

from domain import MINUTE, Instant

COUNTERS_MAX: Final = 100_000
BULK_AHEAD_MS: Final = 10 * MINUTE
"""After this time no copy of the urgent session is expected; an equal message is a new one."""


class SessionCopies:
    """By how many copies each session is ahead of the other, for each message. Keys are `hash((topic, payload))`."""

    def __init__(self) -> None:
        self._urgent_ahead: dict[int, int] = {}
        self._bulk_ahead: dict[int, tuple[int, Instant]] = {}
        self._expected_from_urgent: dict[int, int] = {}
        """Copies of the bulk session that were not stored because the urgent session will deliver its own."""

    def restore(self, message_hash: int, urgent_count: int, bulk_count: int, stored_count: int, now: Instant) -> None:
        """Restore the counters of one message after a restart.

        Example: urgent delivered 2 copies, bulk 1, and 2 were stored: the second bulk copy must be dropped.
        If fewer were stored than the fuller session delivered, the difference was left to the other session and must
        be stored when that session delivers it.
        """
        sent = max(urgent_count, bulk_count, stored_count)
        not_stored, urgent_missing, bulk_missing = sent - stored_count, sent - urgent_count, sent - bulk_count
        to_store = min(not_stored, urgent_missing)
        restored = ((self._expected_from_urgent, to_store), (self._urgent_ahead, bulk_missing - not_stored + to_store))
        for counts, count in restored:
            if count > 0:
                counts[message_hash] = count
        if urgent_missing > to_store:
            self._bulk_ahead[message_hash] = urgent_missing - to_store, now

    def keep_urgent(self, message_hash: int, now: Instant) -> bool:
        """Whether to store a copy from the urgent session."""
        if _decrement(self._expected_from_urgent, message_hash):
            return True
        count, since = self._bulk_ahead.pop(message_hash, (0, 0))
        if count and now - since <= BULK_AHEAD_MS:
            if count > 1:
                self._bulk_ahead[message_hash] = count - 1, since
            return False
        _increment(self._urgent_ahead, message_hash)
        return True

    def keep_bulk(self, message_hash: int, now: Instant, urgent_is_certain: bool) -> bool:
        """Whether to store a copy from the bulk session. `urgent_is_certain`: the urgent session delivers its own."""
        if _decrement(self._urgent_ahead, message_hash):
            return False
        if urgent_is_certain:
            _increment(self._expected_from_urgent, message_hash)
            return False
        count, _ = self._bulk_ahead.pop(message_hash, (0, 0))
        self._bulk_ahead[message_hash] = count + 1, now
        _evict_oldest(self._bulk_ahead)
        return True

    def reset_bulk(self) -> None:
        """The broker started a new urgent session: it delivers no copy of what was published before."""
        self._bulk_ahead.clear()
        self._expected_from_urgent.clear()


def _decrement(counts: dict[int, int], message_hash: int) -> bool:
    """Whether there was a count to take one from."""
    count = counts.pop(message_hash, 0)
    if count > 1:
        counts[message_hash] = count - 1
    return count > 0


def _increment(counts: dict[int, int], message_hash: int) -> None:
    counts[message_hash] = counts.pop(message_hash, 0) + 1
    _evict_oldest(counts)


def _evict_oldest(counts: dict[int, int] | dict[int, tuple[int, Instant]]) -> None:
    if len(counts) > COUNTERS_MAX:
        del counts[next(iter(counts))]
