"""Redelivered packets of one MQTT session in this process, by packet id and bytes.

A PUBACK that was written may be lost with the connection; a PINGRESP to a later ping proves that it arrived. What was
in flight when the process was started only the journal can tell: see ingest/decoding/redelivery.py.
"""

from __future__ import annotations

from enum import Enum


class Redelivery(Enum):
    """What a packet is to this session."""

    NEW = "new"
    REDELIVERED = "repeated"
    UNKNOWN = "unknown"
    """It bears DUP, and this process never had its number: only the journal can tell."""


class InflightPackets:
    """The packets of one MQTT session in this process."""

    def __init__(self) -> None:
        self._unconfirmed: dict[int, int] = {}
        self._acknowledged: dict[int, int | None] = {}
        self._acknowledged_before_ping: dict[int, int | None] = {}
        self._confirmed_ids: set[int] = set()

    @property
    def unconfirmed(self) -> dict[int, int]:
        """By number the digest of each packet; one without DUP is simply put here, which is all `judge` would do."""
        return self._unconfirmed

    def classify(self, packet_id: int, dup: bool, digest: int) -> Redelivery:
        """Whether this packet was received before; it is remembered."""
        if dup:
            if self._unconfirmed.get(packet_id) == digest:
                return Redelivery.REDELIVERED
            known = packet_id in self._unconfirmed or packet_id in self._confirmed_ids
            self._unconfirmed[packet_id] = digest
            return Redelivery.NEW if known else Redelivery.UNKNOWN
        self._unconfirmed[packet_id] = digest
        return Redelivery.NEW

    def acknowledged(self, packet_ids: list[int]) -> None:
        """PUBACKs were written."""
        self._acknowledged.update(zip(packet_ids, map(self._unconfirmed.get, packet_ids), strict=True))

    def ping_sent(self) -> None:
        """A ping was written behind them."""
        self._acknowledged_before_ping.update(self._acknowledged)
        self._acknowledged = {}

    def ping_answered(self) -> None:
        """The ping was answered: the PUBACKs before it have arrived."""
        for packet_id, digest in self._acknowledged_before_ping.items():
            if digest is not None and self._unconfirmed.get(packet_id) == digest:
                del self._unconfirmed[packet_id]
                self._confirmed_ids.add(packet_id)
        self._acknowledged_before_ping = {}

    def disconnected(self) -> None:
        """What was on its way may be lost: nothing more is known of it."""
        self._acknowledged, self._acknowledged_before_ping = {}, {}

    def reset(self) -> None:
        """The broker has no such session any more: numbers begin anew, and nothing can be repeated."""
        self._unconfirmed.clear()
        self._confirmed_ids.clear()
        self.disconnected()
