"""Has this device said this before? One bounded window a device. It reads no clock and knows no message.

A device duplicate is the same device and seq, or the same device, time and values. Nothing else is one: equal bytes
are two presses. A restarted device counts from the beginning again, so a seq alone is believed only for a while.
"""

from __future__ import annotations

from array import array
from typing import Final

from domain import MINUTE, Instant

NO_SEQ: Final = -(2**63)
SEQ_MAX: Final = 2**62

SEQ_ONLY_WINDOW_MS: Final = 10 * MINUTE
"""Without a device time, the same seq later than this is a device that started again."""

RESTAMP_WINDOW_MS: Final = 10 * MINUTE
"""The newest seq again with another time: within this it was stamped anew, beyond it the device started again."""

CAPACITY_MIN: Final = 16
CAPACITY_MAX: Final = 2_048

_STRIDE: Final = 3


class DuplicateWindow:
    """The last messages of one device as flat integers: seq, instant, digest of the values with the danger bit.

    The instant of a message without a device time is its arrival, negated. Ordinary messages, with a seq above and a
    time after all before them, are told apart without a search.
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
        """A device that sends batches is remembered for two of them."""
        if 2 * batch > self.capacity and self.capacity < CAPACITY_MAX:
            self.entries, self._next = self._in_order(), len(self.entries)
            self.capacity = min(2 * batch, CAPACITY_MAX)

    def _in_order(self) -> array[int]:
        """The oldest first: a full window is overwritten from its beginning."""
        return self.entries[self._next :] + self.entries[: self._next]

    def is_duplicate(self, seq: int | None, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        """Whether this was said before; if not, it is remembered."""
        number = NO_SEQ if seq is None else seq
        fresh = (seq is None or number > self.highest_seq) and (at is None or at > self.newest_at)
        if not fresh and self._is_known(number, at, received, digest, danger):
            return True
        self._add(number, at, received, digest << 1 | danger)
        return False

    def _add(self, seq: int, at: Instant | None, received: Instant, mark: int) -> None:
        self.last_received = received
        if seq == NO_SEQ and at is None:
            return
        said, place, stamp = self.entries, self._next, -received if at is None else at
        if place == len(said) and place < self.capacity * _STRIDE:
            said.extend((seq, stamp, mark))
        else:
            place = place if place < len(said) else 0
            said[place], said[place + 1], said[place + 2] = seq, stamp, mark
        self._next = place + _STRIDE
        if seq != NO_SEQ:
            self.last_seq = seq
            if seq > self.highest_seq:
                self.highest_seq = seq
        if at is not None and at > self.newest_at:
            self.newest_at = at

    def _is_known(self, seq: int, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        for column, wanted in ((0, seq if seq != NO_SEQ else None), (1, at)):
            for stamp, mark in self._entries_with(column, wanted):
                same_moment = stamp == at and mark >> 1 == digest
                if same_moment or (column == 0 and self._is_repeated_seq(seq, at, received, danger, stamp, mark)):
                    return True
        return False

    def _entries_with(self, column: int, wanted: int | None) -> list[tuple[int, int]]:
        """The instants and marks of the messages that have this number in this column."""
        said, found, start = self.entries, [], 0
        while wanted is not None:
            try:
                index = said.index(wanted, start)
            except ValueError:
                break
            start = index + 1
            if index % _STRIDE == column:
                found.append((said[index - column + 1], said[index - column + 2]))
        return found

    def _is_repeated_seq(
        self, seq: int, at: Instant | None, received: Instant, danger: bool, stamp: int, mark: int
    ) -> bool:
        """The same seq: a repetition, or a device that started counting again?"""
        if danger and not mark & 1:
            return False
        if at is None or stamp < 0:
            return at is not None or stamp >= 0 or received + stamp <= SEQ_ONLY_WINDOW_MS
        return stamp == at or (seq == self.last_seq and abs(stamp - at) <= RESTAMP_WINDOW_MS and not danger)

    def state(self) -> tuple[int, int, int, Instant, Instant, bytes]:
        """The window as plain values, for a snapshot."""
        return (
            self.capacity,
            self.highest_seq,
            self.last_seq,
            self.newest_at,
            self.last_received,
            self._in_order().tobytes(),
        )

    @classmethod
    def from_state(cls, saved: tuple[int, int, int, Instant, Instant, bytes]) -> DuplicateWindow:
        """The window of a snapshot."""
        window = cls()
        window.capacity, window.highest_seq, window.last_seq, window.newest_at, window.last_received, said = saved
        window.entries.frombytes(said)
        window._next = len(window.entries)
        return window
