"""Redelivered packets of one MQTT session in this process, by packet id and bytes.

A PUBACK that was written may be lost with the connection; a PINGRESP to a later ping proves that it arrived. What was
in flight when the process was started only the journal can tell: see ingest/decoding/redelivery.py.
"""

from __future__ import annotations

from enum import Enum


class Again(Enum):
    """What a packet is to this session."""

    NEW = "new"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    """It bears DUP, and this process never had its number: only the journal can tell."""


class PacketMemory:
    """The packets of one MQTT session in this process."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._acked: dict[int, int | None] = {}
        self._asked: dict[int, int | None] = {}
        self._settled: set[int] = set()

    @property
    def open(self) -> dict[int, int]:
        """By number the digest of each packet; one without DUP is simply put here, which is all `judge` would do."""
        return self._open

    def judge(self, packet_id: int, dup: bool, digest: int) -> Again:
        """Whether this packet was received before; it is remembered."""
        if dup:
            if self._open.get(packet_id) == digest:
                return Again.REPEATED
            known = packet_id in self._open or packet_id in self._settled
            self._open[packet_id] = digest
            return Again.NEW if known else Again.UNKNOWN
        self._open[packet_id] = digest
        return Again.NEW

    def acknowledged(self, packet_ids: list[int]) -> None:
        """PUBACKs were written."""
        self._acked.update(zip(packet_ids, map(self._open.get, packet_ids), strict=True))

    def asked(self) -> None:
        """A ping was written behind them."""
        self._asked.update(self._acked)
        self._acked = {}

    def answered(self) -> None:
        """The ping was answered: the PUBACKs before it have arrived."""
        for packet_id, digest in self._asked.items():
            if digest is not None and self._open.get(packet_id) == digest:
                del self._open[packet_id]
                self._settled.add(packet_id)
        self._asked = {}

    def disconnected(self) -> None:
        """What was on its way may be lost: nothing more is known of it."""
        self._acked, self._asked = {}, {}

    def restart(self) -> None:
        """The broker has no such session any more: numbers begin anew, and nothing can be repeated."""
        self._open.clear()
        self._settled.clear()
        self.disconnected()
