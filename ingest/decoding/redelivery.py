"""Redelivered frames in the journal, found by packet id, DUP flag and payload digest, also after a restart.

Only the journal tells what was in flight when the process was started (ingest/mqtt/redelivery.py sees one process).
"""

from __future__ import annotations

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
    """A mark of the last packet of each session and packet id.

    It is made with each packet: made for a checkpoint, the marks of 60,000 packet ids took 42 ms in which nothing was
    evaluated, and kept 30 MB of frames in memory until then.
    """

    def __init__(self, state: Mapping[str, Mapping[int, int]] | None = None) -> None:
        self._packets: dict[str, dict[int, int]] = {
            session: dict(packets) for session, packets in (state or {}).items()
        }
        self._newest_at: Instant = 0

    def redelivered(self, frames: Sequence[Frame]) -> Collection[int]:
        """Indexes of the frames that were decoded before: redelivered by the broker (DUP), or copies of both sessions.

        All frames are remembered.
        """
        if frames[0].received < self._newest_at or any(map(_DUP, frames)) or any(map(_IS_SESSION_COPY, frames)):
            return {index for index, frame in enumerate(frames) if self._is_redelivered(frame)}
        self._newest_at = frames[-1].received
        sessions = set(map(_SESSION, frames))
        for session in sessions:
            of_session = frames if len(sessions) == 1 else [frame for frame in frames if frame.session == session]
            packets = self._packets.setdefault(session, {})
            # As _mark, without a call for every message.
            packets.update({
                frame.packet_id: frame.received >> 9 << 32 | crc32(frame.payload, crc32(frame.topic.encode()))  # type: ignore[misc]
                for frame in of_session
            })  # fmt: skip
            packets.pop(None, None)  # type: ignore[call-overload]
        return _NONE

    def _is_redelivered(self, frame: Frame) -> bool:
        packet_id = frame.packet_id
        if packet_id is None:
            return frame.is_session_copy
        packets = self._packets.setdefault(frame.session, {})
        last_mark, mark = packets.get(packet_id, 0), _mark(frame)
        if frame.dup and last_mark & 0xFFFFFFFF == mark & 0xFFFFFFFF:
            return True
        # A danger overtakes; a message that was received before it must not replace it afterwards.
        if mark >> 32 >= last_mark >> 32:
            packets[packet_id] = mark
        return frame.is_session_copy

    def state(self) -> dict[str, dict[int, int]]:
        """A copy of what is remembered at this moment."""
        return {session: dict(packets) for session, packets in self._packets.items()}


def _mark(frame: Frame) -> int:
    """The half second of reception (received >> 9) in the high bits, the digest of topic and payload in the low 32."""
    return frame.received >> 9 << 32 | crc32(frame.payload, crc32(frame.topic.encode()))
