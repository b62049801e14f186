"""Rebuilds redelivery and copy state after a restart, from the last frames of the journal: the last packets of each
session, and how many copies of a message each session delivered.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest
from typing import Final

from domain import Instant, Lane
from ingest.frame import Frame
from ingest.topics import TopicFilterSet

PACKETS_PER_SESSION_MAX: Final = 30_000
"""The newest of each session. Brokers assign packet ids in turn up to 65,535, so a message that was sent and never
received has an id that was last used longer ago than these."""

CopyCounts = tuple[int, int, int]
"""Of one message: copies delivered by the urgent session, by the bulk session, and copies stored."""


class JournalRecovery:
    """Collects frames; `copies` (by `hash((topic, payload))`) and `last_packets` are the result."""

    def __init__(self) -> None:
        self.copies: dict[int, CopyCounts] = {}
        self._packets: dict[str, list[tuple[Instant, int, int, int]]] = {lane.value: [] for lane in Lane}
        """By session: time received, order of arrival, packet id, digest."""

    def add(self, frames: Iterable[Frame], urgent_topics: TopicFilterSet) -> None:
        """Add frames of the journal. `urgent_topics` are those that both sessions deliver."""
        for frame in frames:
            packets = self._packets.get(frame.session)
            if packets is None:
                continue
            if frame.packet_id is not None:
                digest = hash(frame.topic) ^ hash(frame.payload)
                packets.append((frame.received, len(packets), frame.packet_id, digest))
            if frame.topic in urgent_topics:
                self._count_copy(frame)
        for session, packets in self._packets.items():
            if len(packets) > 2 * PACKETS_PER_SESSION_MAX:
                self._packets[session] = nlargest(PACKETS_PER_SESSION_MAX, packets)

    def _count_copy(self, frame: Frame) -> None:
        message_hash, is_urgent = hash((frame.topic, frame.payload)), frame.session == Lane.URGENT.value
        urgent, bulk, stored = self.copies.get(message_hash, (0, 0, 0))
        self.copies[message_hash] = urgent + is_urgent, bulk + (not is_urgent), stored + (not frame.is_session_copy)

    def last_packets(self, session: str) -> dict[int, int]:
        """By packet id the digest of the last packet of this session that had it."""
        newest = nlargest(PACKETS_PER_SESSION_MAX, self._packets[session])
        return {packet_id: digest for _, _, packet_id, digest in reversed(newest)}
