"""Detects redelivered packets of one MQTT session within this process, by packet id and content.

A PUBACK that was written may be lost with the connection; a PINGRESP to a later PINGREQ proves that it arrived. For
packets that were in flight when the process started only the journal can tell: see ingest/decoding/redelivery.py.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from enum import Enum
from typing import Final

PACKET_IDS: Final = 1 << 16
"""Packet ids have two bytes (MQTT 5, 2.2.1)."""

_NEVER, RECEIVED, _ACKNOWLEDGED, _BEFORE_PING, _CONFIRMED = range(5)
_PING_SENT: Final = bytes.maketrans(bytes([_ACKNOWLEDGED]), bytes([_BEFORE_PING]))
_PING_ANSWERED: Final = bytes.maketrans(bytes([_BEFORE_PING]), bytes([_CONFIRMED]))
_DISCONNECTED: Final = bytes.maketrans(bytes([_ACKNOWLEDGED, _BEFORE_PING]), bytes([RECEIVED, RECEIVED]))


class Redelivery(Enum):
    """Whether this session received a packet before."""

    NEW = "new"
    REDELIVERED = "redelivered"
    UNKNOWN = "unknown"
    """It has the DUP flag, and this process never received its packet id: only the journal can tell."""


class InflightPackets:
    """The last message of each packet id of one session, and how far its PUBACK is known to have come.

    In arrays by packet id: 0.6 MiB, where dictionaries of all ids took ten times as much, and a PINGRESP changes all
    ids in one step.
    """

    def __init__(self) -> None:
        self.digests = array("q", bytes(8 * PACKET_IDS))
        """`hash(topic) ^ hash(payload)`, valid within one process. The hot path writes here and into `states` itself
        for packets without DUP, which is all `classify` would do."""
        self.states = bytearray(PACKET_IDS)
        """Whether anything was received: a digest does not tell, 0 is that of a payload that equals its topic."""

    def resume(self, digests: Mapping[int, int]) -> None:
        """The packets of an earlier connection whose PUBACK may be lost, from the journal."""
        for packet_id, digest in digests.items():
            self.digests[packet_id], self.states[packet_id] = digest, RECEIVED

    def classify(self, packet_id: int, dup: bool, digest: int) -> Redelivery:
        """Whether this packet was received before; records it. `dup` is the DUP flag of the PUBLISH."""
        last, state = self.digests[packet_id], self.states[packet_id]
        if dup and last == digest and state not in (_NEVER, _CONFIRMED):
            return Redelivery.REDELIVERED
        self.digests[packet_id], self.states[packet_id] = digest, RECEIVED
        return Redelivery.UNKNOWN if dup and state == _NEVER else Redelivery.NEW

    def acknowledged(self, packet_ids: list[int]) -> None:
        """PUBACKs of these packets were written to the connection."""
        states = self.states
        for packet_id in packet_ids:
            if states[packet_id] != _CONFIRMED:  # a copy on the same connection is acknowledged again
                states[packet_id] = _ACKNOWLEDGED

    def ping_sent(self) -> None:
        """A PINGREQ was written behind the PUBACKs so far."""
        self.states[:] = self.states.translate(_PING_SENT)

    def ping_answered(self) -> None:
        """A PINGRESP arrived: the broker has the PUBACKs that were written before its PINGREQ."""
        self.states[:] = self.states.translate(_PING_ANSWERED)

    def disconnected(self) -> None:
        """The connection is lost: PUBACKs without a PINGRESP may not have arrived."""
        self.states[:] = self.states.translate(_DISCONNECTED)

    def reset(self) -> None:
        """The broker started a new session: packet ids begin anew, and nothing can be redelivered."""
        self.digests[:] = array("q", bytes(8 * PACKET_IDS))
        self.states[:] = bytes(PACKET_IDS)
