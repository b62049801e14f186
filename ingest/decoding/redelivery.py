"""Redelivered frames in the journal, found by packet id, DUP flag and payload digest, also after a restart.

Only the journal tells what was in flight when the process was started (ingest/mqtt/redelivery.py sees one process).
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Final
from zlib import crc32

from domain import Instant
from ingest.frame import Frame

_NONE: Final = frozenset[int]()
_SESSION: Final = attrgetter("session")
_DUP: Final = attrgetter("dup")
_IS_SESSION_COPY: Final = attrgetter("is_session_copy")


class RedeliveryFilter:
    """A mark of the last packet of each session and packet id; 0 where there was none.

    It is made with each packet: made for a checkpoint, the marks of 60,000 packet ids took 42 ms in which nothing was
    evaluated, and kept 30 MB of frames in memory until then. They stand in an array by packet id, which a checkpoint
    copies as it is: as a dictionary they took ten times the memory.
    """

    def __init__(self, state: Mapping[str, Mapping[int, int] | bytes] | None = None) -> None:
        self._marks: dict[str, array[int]] = {session: _restored(marks) for session, marks in (state or {}).items()}
        self._newest_at: Instant = 0

    def redelivered(self, frames: Sequence[Frame]) -> Collection[int]:
        """Indexes of the frames that were decoded before: redelivered by the broker (DUP), or copies of both sessions.

        All frames are remembered.
        """
        if frames[0].received < self._newest_at or any(map(_DUP, frames)) or any(map(_IS_SESSION_COPY, frames)):
            return {index for index, frame in enumerate(frames) if self._is_redelivered(frame)}
        self._newest_at = frames[-1].received
        for session in set(map(_SESSION, frames)):
            packets = [
                (frame.packet_id, frame) for frame in frames if frame.packet_id is not None and frame.session == session
            ]
            marks = self._marks_of(session, max([packet_id for packet_id, _ in packets], default=0))
            for packet_id, frame in packets:
                marks[packet_id] = _mark(frame)
        return _NONE

    def _is_redelivered(self, frame: Frame) -> bool:
        packet_id = frame.packet_id
        if packet_id is None:
            return frame.is_session_copy
        marks = self._marks_of(frame.session, packet_id)
        last_mark, mark = marks[packet_id], _mark(frame)
        if frame.dup and last_mark & 0xFFFFFFFF == mark & 0xFFFFFFFF:
            return True
        # A danger overtakes; a message that was received before it must not replace it afterwards.
        if mark >> 32 >= last_mark >> 32:
            marks[packet_id] = mark
        return frame.is_session_copy

    def _marks_of(self, session: str, packet_id: int) -> array[int]:
        """The marks of a session, with room for this packet id."""
        marks = self._marks.setdefault(session, array("Q"))
        if packet_id >= len(marks):
            marks.extend([0] * (packet_id + 1 - len(marks)))
        return marks

    def state(self) -> dict[str, bytes]:
        """A copy of what is remembered at this moment."""
        return {session: marks.tobytes() for session, marks in self._marks.items()}


def _restored(state: Mapping[int, int] | bytes) -> array[int]:
    """Marks of a checkpoint, of one written before 2026-12 too."""
    if isinstance(state, bytes):
        return array("Q", state)
    marks = array("Q", bytes(8 * (max(state, default=0) + 1)))
    for packet_id, mark in state.items():
        marks[packet_id] = mark
    return marks


def _mark(frame: Frame) -> int:
    """The half second of reception (received >> 9) in the high bits, the digest of topic and payload in the low 32."""
    return (frame.received >> 9 & 0xFFFFFFFF) << 32 | crc32(frame.payload, crc32(frame.topic.encode()))
