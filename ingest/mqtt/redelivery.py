"""Detects redelivered packets of one MQTT session within this process, by packet id and content.

A PUBACK that was written may be lost with the connection; a PINGRESP to a later PINGREQ proves that it arrived. For
packets that were in flight when the process started only the journal can tell: see ingest/decoding/redelivery.py.
"""

from __future__ import annotations

from enum import Enum


class Redelivery(Enum):
    """Whether this session received a packet before."""

    NEW = "new"
    REDELIVERED = "redelivered"
    UNKNOWN = "unknown"
    """It has the DUP flag, and this process never received its packet id: only the journal can tell."""


class InflightPackets:
    """Packet ids of one session whose PUBACK may still be lost, each with the digest of its message.

    A digest is `hash(topic) ^ hash(payload)`, valid within one process.
    """

    def __init__(self) -> None:
        self._unconfirmed: dict[int, int] = {}
        self._acknowledged: dict[int, int | None] = {}
        self._acknowledged_before_ping: dict[int, int | None] = {}
        self._confirmed_ids: set[int] = set()

    @property
    def unconfirmed(self) -> dict[int, int]:
        """Digest by packet id. The hot path adds packets without DUP here itself, which is all `classify` would do."""
        return self._unconfirmed

    def classify(self, packet_id: int, dup: bool, digest: int) -> Redelivery:
        """Whether this packet was received before; records it. `dup` is the DUP flag of the PUBLISH."""
        if dup:
            if self._unconfirmed.get(packet_id) == digest:
                return Redelivery.REDELIVERED
            known = packet_id in self._unconfirmed or packet_id in self._confirmed_ids
            self._unconfirmed[packet_id] = digest
            return Redelivery.NEW if known else Redelivery.UNKNOWN
        self._unconfirmed[packet_id] = digest
        return Redelivery.NEW

    def acknowledged(self, packet_ids: list[int]) -> None:
        """PUBACKs of these packets were written to the connection."""
        self._acknowledged.update(zip(packet_ids, map(self._unconfirmed.get, packet_ids), strict=True))

    def ping_sent(self) -> None:
        """A PINGREQ was written behind the PUBACKs so far."""
        self._acknowledged_before_ping.update(self._acknowledged)
        self._acknowledged = {}

    def ping_answered(self) -> None:
        """A PINGRESP arrived: the broker has the PUBACKs that were written before its PINGREQ."""
        for packet_id, digest in self._acknowledged_before_ping.items():
            if digest is not None and self._unconfirmed.get(packet_id) == digest:
                del self._unconfirmed[packet_id]
                self._confirmed_ids.add(packet_id)
        self._acknowledged_before_ping = {}

    def disconnected(self) -> None:
        """The connection is lost: PUBACKs without a PINGRESP may not have arrived."""
        self._acknowledged, self._acknowledged_before_ping = {}, {}

    def reset(self) -> None:
        """The broker started a new session: packet ids begin anew, and nothing can be redelivered."""
        self._unconfirmed.clear()
        self._confirmed_ids.clear()
        self.disconnected()
