"""A TCP stream cut into MQTT packets by the mqtt5 codec. Of a packet too large for us only the head is kept."""

from __future__ import annotations

from typing import Final

import mqtt5
from msgspec import Struct

_PUBLISH_TYPE: Final = 3

OVERSIZED_HEAD_BYTES: Final = 140_000
"""Enough for the fixed header, the longest topic (64 KiB) and a head of the payload."""


class OversizedPublish(Struct, frozen=True):
    """A PUBLISH larger than we take: everything but the rest of its payload."""

    topic: str
    payload: bytes
    packet_id: int | None
    duplicate: bool
    retain: bool
    size: int


class ProtocolError(Exception):
    """Bytes that are no MQTT 5: a broker of another version, or not a broker."""


class PacketStream:
    """Feed it what arrives; it gives the packets that are complete."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._incomplete = b""
        self._skipping: tuple[int, OversizedPublish] | None = None

    def feed(self, data: bytes) -> list[mqtt5.Packet | OversizedPublish]:
        """The packets completed by these bytes, in order. Raises BrokenStream."""
        packets: list[mqtt5.Packet | OversizedPublish] = []
        if self._skipping is not None:
            data = self._skip(data, packets)
        buffer = self._incomplete + data if self._incomplete else data
        view, start, read = memoryview(buffer), 0, mqtt5.read
        try:
            while True:
                packet, size = read(view[start:])
                packets.append(packet)
                start += size
        except IndexError:
            self._incomplete = buffer[start:]
        except ValueError as fault:
            raise ProtocolError(str(fault)) from fault
        if (
            len(self._incomplete) >= OVERSIZED_HEAD_BYTES
            and (whole := _packet_bytes(self._incomplete)) > self._packet_bytes_max
        ):
            head, self._incomplete = self._incomplete, b""
            self._skipping = whole - len(head), _parse_truncated(head, whole)
        return packets

    def _skip(self, data: bytes, packets: list[mqtt5.Packet | OversizedPublish]) -> bytes:
        """What follows the packet that is being skipped."""
        assert self._skipping is not None
        missing, packet = self._skipping
        if len(data) < missing:
            self._skipping = missing - len(data), packet
            return b""
        self._skipping = None
        packets.append(packet)
        return data[missing:]


def _packet_bytes(head: bytes) -> int:
    """The length of the packet that begins here, with its fixed header."""
    size, used = _varint(head, 1)
    return size + used


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A variable byte integer, and where it ends."""
    value = shift = 0
    while data[start] & 0x80:
        value |= (data[start] & 0x7F) << shift
        shift, start = shift + 7, start + 1
    return value | data[start] << shift, start + 1


def _parse_truncated(head: bytes, whole: int) -> OversizedPublish:
    """The beginning of a PUBLISH, read by hand: the codec wants the whole packet."""
    if head[0] >> 4 != _PUBLISH_TYPE:
        raise ProtocolError(f"a control packet of {whole} bytes")
    qos = head[0] >> 1 & 3
    _, start = _varint(head, 1)
    topic_end = start + 2 + int.from_bytes(head[start : start + 2], "big")
    topic = head[start + 2 : topic_end].decode("utf-8", "replace")
    packet_id = int.from_bytes(head[topic_end : topic_end + 2], "big") if qos else None
    properties, start = _varint(head, topic_end + (2 if qos else 0))
    payload = head[start + properties :]
    duplicate, retain = bool(head[0] & 8), bool(head[0] & 1)
    return OversizedPublish(topic, payload, packet_id, duplicate, retain, whole - start - properties)
