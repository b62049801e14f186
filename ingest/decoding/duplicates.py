"""Duplicate messages of one device, found in a bounded window of its last messages.

A duplicate has the same device and seq, or the same device, time and values. Equal bytes alone are no duplicate: they
are two presses of a button. A restarted device counts from the beginning again, so a seq alone counts only for a while.
"""

from __future__ import annotations

from array import array
from typing import Final

from domain import MINUTE, Instant

NO_SEQ: Final = -(2**63)
SEQ_MAX: Final = 2**62

SEQ_ONLY_WINDOW_MS: Final = 10 * MINUTE
"""Without a device time, the same seq after more than this comes from a device that restarted."""

RESTAMP_WINDOW_MS: Final = 10 * MINUTE
"""The newest seq again with another device time: within this it was stamped anew, after it the device restarted."""

CAPACITY_MIN: Final = 16
CAPACITY_MAX: Final = 2_048

_STRIDE: Final = 3


class DuplicateWindow:
    """The last messages of one device as flat integers: seq, time, and digest of the values with the danger bit.

    The time of a message without a device time is its reception, negated. Ordinary messages, with a seq and a time
    above all before them, are accepted without a search.
    """

    __slots__ = ("_next", "capacity", "entries", "highest_seq", "last_received", "last_seq", "newest_at")

    def __init__(self) -> None:
        self.entries = array("q")
        self._next = 0
        self.capacity = CAPACITY_MIN
        self.highest_seq = self.last_seq = NO_SEQ
        self.newest_at: Instant = 0
        self.last_received: Instant = 0

    def reserve(self, batch: int) -> None:
        """Make room for two batches of a device that sends batches of this size, up to CAPACITY_MAX messages."""
        if 2 * batch > self.capacity and self.capacity < CAPACITY_MAX:
            self.entries, self._next = self._in_order(), len(self.entries)
            self.capacity = min(2 * batch, CAPACITY_MAX)

    def _in_order(self) -> array[int]:
        """The oldest first: a full window is overwritten from its beginning."""
        return self.entries[self._next :] + self.entries[: self._next]

    def is_duplicate(self, seq: int | None, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        """Whether the message was received before. One that was not is added to the window."""
        number = NO_SEQ if seq is None else seq
        is_newest = (seq is None or number > self.highest_seq) and (at is None or at > self.newest_at)
        if not is_newest and self._is_known(number, at, received, digest, danger):
            return True
        self.last_received = received
        if seq is not None:
            self.last_seq = number
            if number > self.highest_seq:
                self.highest_seq = number
        elif at is None:
            return False
        if at is not None and at > self.newest_at:
            self.newest_at = at
        self._add(number, -received if at is None else at, digest << 1 | danger)
        return False

    def _add(self, seq: int, time_key: Instant, mark: int) -> None:
        entries, place = self.entries, self._next
        if place == len(entries) and place < self.capacity * _STRIDE:
            entries.extend((seq, time_key, mark))
        else:
            place = place if place < len(entries) else 0
            entries[place], entries[place + 1], entries[place + 2] = seq, time_key, mark
        self._next = place + _STRIDE

    def _is_known(self, seq: int, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        for column, number in ((0, seq if seq != NO_SEQ else None), (1, at)):
            for time_key, mark in self._entries_with(column, number):
                is_same = time_key == at and mark >> 1 == digest
                if is_same or (column == 0 and self._is_repeated_seq(seq, at, received, danger, time_key, mark)):
                    return True
        return False

    def _entries_with(self, column: int, number: int | None) -> list[tuple[int, int]]:
        """Times and marks of the entries with this number in this column."""
        entries, found, start = self.entries, [], 0
        while number is not None:
            try:
                index = entries.index(number, start)
            except ValueError:
                break
            start = index + 1
            if index % _STRIDE == column:
                found.append((entries[index - column + 1], entries[index - column + 2]))
        return found

    def _is_repeated_seq(
        self, seq: int, at: Instant | None, received: Instant, danger: bool, time_key: int, mark: int
    ) -> bool:
        """Whether the same seq is a repetition, or the device restarted its counter."""
        if danger and not mark & 1:
            return False
        if at is None or time_key < 0:
            return at is not None or time_key >= 0 or received + time_key <= SEQ_ONLY_WINDOW_MS
        return time_key == at or (seq == self.last_seq and abs(time_key - at) <= RESTAMP_WINDOW_MS and not danger)

    def state(self) -> tuple[int, int, int, Instant, Instant, bytes]:
        """The window as plain values, for a snapshot."""
        entries = self._in_order().tobytes()
        return self.capacity, self.highest_seq, self.last_seq, self.newest_at, self.last_received, entries

    @classmethod
    def from_state(cls, state: tuple[int, int, int, Instant, Instant, bytes]) -> DuplicateWindow:
        """The window of a snapshot."""
        window = cls()
        window.capacity, window.highest_seq, window.last_seq, window.newest_at, window.last_received, entries = state
        window.entries.frombytes(entries)
        window._next = len(window.entries)
        return window
