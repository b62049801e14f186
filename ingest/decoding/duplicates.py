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

SEQ_ALONE_MS: Final = 10 * MINUTE
"""Without a device time, the same seq later than this is a device that started again."""

RESTAMPED_MS: Final = 10 * MINUTE
"""The newest seq again with another time: within this it was stamped anew, beyond it the device started again."""

KEPT_MIN: Final = 16
KEPT_MAX: Final = 2_048

_STRIDE: Final = 3


class Window:
    """The last messages of one device as flat integers: seq, instant, digest of the values with the danger bit.

    The instant of a message without a device time is its arrival, negated. Ordinary messages, with a seq above and a
    time after all before them, are told apart without a search.
    """

    __slots__ = ("_next", "heard", "kept", "last_seq", "newest", "said", "top_seq")

    def __init__(self) -> None:
        self.said = array("q")
        self._next = 0
        self.kept = KEPT_MIN
        self.top_seq = self.last_seq = NO_SEQ
        self.newest: Instant = 0
        self.heard: Instant = 0

    def expect(self, batch: int) -> None:
        """A device that sends batches is remembered for two of them."""
        if 2 * batch > self.kept and self.kept < KEPT_MAX:
            self.said, self._next = self._in_order(), len(self.said)
            self.kept = min(2 * batch, KEPT_MAX)

    def _in_order(self) -> array[int]:
        """The oldest first: a full window is overwritten from its beginning."""
        return self.said[self._next :] + self.said[: self._next]

    def is_repeated(self, seq: int | None, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        """Whether this was said before; if not, it is remembered."""
        number = NO_SEQ if seq is None else seq
        fresh = (seq is None or number > self.top_seq) and (at is None or at > self.newest)
        if not fresh and self._was_said(number, at, received, digest, danger):
            return True
        self._remember(number, at, received, digest << 1 | danger)
        return False

    def _remember(self, seq: int, at: Instant | None, received: Instant, mark: int) -> None:
        self.heard = received
        if seq == NO_SEQ and at is None:
            return
        said, place, stamp = self.said, self._next, -received if at is None else at
        if place == len(said) and place < self.kept * _STRIDE:
            said.extend((seq, stamp, mark))
        else:
            place = place if place < len(said) else 0
            said[place], said[place + 1], said[place + 2] = seq, stamp, mark
        self._next = place + _STRIDE
        if seq != NO_SEQ:
            self.last_seq = seq
            if seq > self.top_seq:
                self.top_seq = seq
        if at is not None and at > self.newest:
            self.newest = at

    def _was_said(self, seq: int, at: Instant | None, received: Instant, digest: int, danger: bool) -> bool:
        for column, wanted in ((0, seq if seq != NO_SEQ else None), (1, at)):
            for stamp, mark in self._found(column, wanted):
                same_moment = stamp == at and mark >> 1 == digest
                if same_moment or (column == 0 and self._repeats(seq, at, received, danger, stamp, mark)):
                    return True
        return False

    def _found(self, column: int, wanted: int | None) -> list[tuple[int, int]]:
        """The instants and marks of the messages that have this number in this column."""
        said, found, start = self.said, [], 0
        while wanted is not None:
            try:
                index = said.index(wanted, start)
            except ValueError:
                break
            start = index + 1
            if index % _STRIDE == column:
                found.append((said[index - column + 1], said[index - column + 2]))
        return found

    def _repeats(self, seq: int, at: Instant | None, received: Instant, danger: bool, stamp: int, mark: int) -> bool:
        """The same seq: a repetition, or a device that started counting again?"""
        if danger and not mark & 1:
            return False
        if at is None or stamp < 0:
            return at is not None or stamp >= 0 or received + stamp <= SEQ_ALONE_MS
        return stamp == at or (seq == self.last_seq and abs(stamp - at) <= RESTAMPED_MS and not danger)

    def saved(self) -> tuple[int, int, int, Instant, Instant, bytes]:
        """The window as plain values, for a snapshot."""
        return self.kept, self.top_seq, self.last_seq, self.newest, self.heard, self._in_order().tobytes()

    @classmethod
    def restored(cls, saved: tuple[int, int, int, Instant, Instant, bytes]) -> Window:
        """The window of a snapshot."""
        window = cls()
        window.kept, window.top_seq, window.last_seq, window.newest, window.heard, said = saved
        window.said.frombytes(said)
        window._next = len(window.said)
        return window
