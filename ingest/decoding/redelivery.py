"""Is a frame in the journal a redelivery of one decoded before? By packet id, DUP flag and bytes, also after a restart.

What was in flight when the process was started only the journal can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Final
from zlib import crc32

from domain import Instant
from ingest.frame import Frame

KEPT_WHOLE_BYTES: Final = 1_024
"""Of larger frames only the digest is kept."""
_NONE: Final = frozenset[int]()
_DUP: Final = attrgetter("dup")
_TWIN: Final = attrgetter("twin")


class HeardPackets:
    """The last packet of each number and session, as it was heard: the frame itself, or its mark after a restart."""

    def __init__(self, saved: Mapping[str, Mapping[int, int]] | None = None) -> None:
        self._packets: dict[str, dict[int, int | Frame]] = {name: dict(known) for name, known in (saved or {}).items()}
        self._newest: Instant = 0

    def repeated(self, frames: Sequence[Frame]) -> Collection[int]:
        """Which of these frames, by index, were heard: the broker sent them again (DUP), or both sessions brought them.

        All are remembered.
        """
        if frames[0].received < self._newest or any(map(_DUP, frames)) or any(map(_TWIN, frames)):
            return {index for index, frame in enumerate(frames) if self._is_repeated(frame)}
        self._newest = frames[-1].received
        for session in {frame.session for frame in frames}:
            known = self._packets.setdefault(session, {})
            known.update({frame.packet_id: _kept(frame) for frame in frames if frame.session == session})  # type: ignore[misc]
            known.pop(None, None)  # type: ignore[call-overload]
        return _NONE

    def _is_repeated(self, frame: Frame) -> bool:
        number = frame.packet_id
        if number is None:
            return frame.twin
        packets = self._packets.setdefault(frame.session, {})
        known, mark = _mark(packets.get(number, 0)), _mark(frame)
        if frame.dup and known & 0xFFFFFFFF == mark & 0xFFFFFFFF:
            return True
        # A danger overtakes, and what came before it must not hide it afterwards.
        if mark >> 32 >= known >> 32:
            packets[number] = _kept(frame)
        return frame.twin

    def held(self) -> dict[str, dict[int, int | Frame]]:
        """What is remembered at this moment, to be written down elsewhere by `marks`."""
        return {name: dict(known) for name, known in self._packets.items()}


def marks(held: Mapping[str, Mapping[int, int | Frame]]) -> dict[str, dict[int, int]]:
    """As plain numbers, for a snapshot."""
    return {name: {number: _mark(each) for number, each in known.items()} for name, known in held.items()}


def _kept(frame: Frame) -> int | Frame:
    return frame if len(frame.payload) <= KEPT_WHOLE_BYTES else _mark(frame)


def _mark(each: int | Frame) -> int:
    """The half second in which it came, above its digest."""
    if isinstance(each, int):
        return each
    return each.received >> 9 << 32 | crc32(each.payload, crc32(each.topic.encode()))
