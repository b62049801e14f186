"""What the end of the journal tells after a restart: which packets each session had, and how far one was ahead of the
other. It reads no journal and speaks no MQTT.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest
from typing import Final

from domain import Instant, Lane
from ingest.frame import Frame
from ingest.topics import Cover

PACKETS_PER_SESSION_MAX: Final = 30_000
"""Of each session the newest. Brokers number packets in turn up to 65,535: what they sent and we never had bears
numbers that were last used longer ago than these."""

CopyCounts = tuple[int, int, int]
"""Of one message: how many copies the urgent and the bulk session brought, and how many were taken."""


class JournalRecovery:
    """Collects frames; `copies` and `packets` are what follows from them."""

    def __init__(self) -> None:
        self.copies: dict[int, CopyCounts] = {}
        self._packets: dict[str, list[tuple[Instant, int, int, int]]] = {lane.value: [] for lane in Lane}

    def add(self, frames: Iterable[Frame], cover: Cover) -> None:
        """Some frames of the journal. `cover`: the topics that both sessions bring."""
        for frame in frames:
            packets = self._packets.get(frame.session)
            if packets is None:
                continue
            if frame.packet_id is not None:
                digest = hash(frame.topic) ^ hash(frame.payload)
                packets.append((frame.received, len(packets), frame.packet_id, digest))
            if frame.topic in cover:
                self._count_copy(frame)
        for session, packets in self._packets.items():
            if len(packets) > 2 * PACKETS_PER_SESSION_MAX:
                self._packets[session] = nlargest(PACKETS_PER_SESSION_MAX, packets)

    def _count_copy(self, frame: Frame) -> None:
        twin, urgent = hash((frame.topic, frame.payload)), frame.session == Lane.URGENT.value
        of_urgent, of_bulk, taken = self.copies.get(twin, (0, 0, 0))
        self.copies[twin] = of_urgent + urgent, of_bulk + (not urgent), taken + (not frame.twin)

    def last_packets(self, session: str) -> dict[int, int]:
        """The digest of the last packet of each number."""
        newest = nlargest(PACKETS_PER_SESSION_MAX, self._packets[session])
        return {number: digest for _, _, number, digest in reversed(newest)}
