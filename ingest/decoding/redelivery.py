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

WHOLE_FRAME_BYTES_MAX: Final = 1_024
"""Of larger frames only the digest is kept."""
_NONE: Final = frozenset[int]()
_DUP: Final = attrgetter("dup")
_IS_SESSION_COPY: Final = attrgetter("is_session_copy")


class RedeliveryFilter:
    """The last packet of each number and session, as it was heard: the frame itself, or its mark after a restart."""

    def __init__(self, saved: Mapping[str, Mapping[int, int]] | None = None) -> None:
        self._packets: dict[str, dict[int, int | Frame]] = {name: dict(known) for name, known in (saved or {}).items()}
        self._newest_at: Instant = 0

    def redelivered(self, frames: Sequence[Frame]) -> Collection[int]:
        """Which of these frames, by index, were heard: the broker sent them again (DUP), or both sessions brought them.

        All are remembered.
        """
        if frames[0].received < self._newest_at or any(map(_DUP, frames)) or any(map(_IS_SESSION_COPY, frames)):
            return {index for index, frame in enumerate(frames) if self._is_redelivered(frame)}
        self._newest_at = frames[-1].received
        for session in {frame.session for frame in frames}:
            known = self._packets.setdefault(session, {})
            known.update({frame.packet_id: _remembered(frame) for frame in frames if frame.session == session})  # type: ignore[misc]
            known.pop(None, None)  # type: ignore[call-overload]
        return _NONE

    def _is_redelivered(self, frame: Frame) -> bool:
        number = frame.packet_id
        if number is None:
            return frame.is_session_copy
        packets = self._packets.setdefault(frame.session, {})
        known, mark = _mark(packets.get(number, 0)), _mark(frame)
        if frame.dup and known & 0xFFFFFFFF == mark & 0xFFFFFFFF:
            return True
        # A danger overtakes, and what came before it must not hide it afterwards.
        if mark >> 32 >= known >> 32:
            packets[number] = _remembered(frame)
        return frame.is_session_copy

    def state(self) -> dict[str, dict[int, int | Frame]]:
        """What is remembered at this moment, to be written down elsewhere by `marks`."""
        return {name: dict(known) for name, known in self._packets.items()}


def encode_state(held: Mapping[str, Mapping[int, int | Frame]]) -> dict[str, dict[int, int]]:
    """As plain numbers, for a snapshot."""
    return {name: {number: _mark(each) for number, each in known.items()} for name, known in held.items()}


def _remembered(frame: Frame) -> int | Frame:
    return frame if len(frame.payload) <= WHOLE_FRAME_BYTES_MAX else _mark(frame)


def _mark(each: int | Frame) -> int:
    """The half second in which it came, above its digest."""
    if isinstance(each, int):
        return each
    return each.received >> 9 << 32 | crc32(each.payload, crc32(each.topic.encode()))
