"""Splits a TCP stream into MQTT 5 packets with the mqtt5 codec. Of a packet above the limit only the head is kept."""

from __future__ import annotations

from typing import Final

import mqtt5
from msgspec import Struct

_PUBLISH_TYPE: Final = 3

OVERSIZED_HEAD_BYTES: Final = 140_000
"""Enough for the fixed header, the longest topic (64 KiB) and the beginning of the payload."""


class OversizedPublish(Struct, frozen=True):
    """A PUBLISH above the packet limit. `payload` is only its beginning; `size` is the full size in bytes."""

    topic: str
    payload: bytes
    packet_id: int | None
    duplicate: bool
    retain: bool
    size: int


class ProtocolError(Exception):
    """The bytes are not MQTT 5: a broker of another version, or another server."""


class PacketStream:
    """Incremental parser of one connection."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._packet_bytes_max = packet_bytes_max
        self._incomplete = b""
        self._skipping: tuple[int, OversizedPublish] | None = None
        """Bytes still to skip of an oversized packet, and its head."""

    def feed(self, data: bytes) -> list[mqtt5.Packet | OversizedPublish]:
        """Return the packets that `data` completes, in order. Raises ProtocolError."""
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
        except ValueError as error:
            raise ProtocolError(str(error)) from error
        if len(self._incomplete) >= OVERSIZED_HEAD_BYTES:
            self._skip_if_oversized()
        return packets

    def _skip_if_oversized(self) -> None:
        """Keep only the head of an incomplete packet above the limit; `feed` skips the rest of it."""
        packet_bytes = _packet_bytes(self._incomplete)
        if packet_bytes > self._packet_bytes_max:
            head, self._incomplete = self._incomplete, b""
            self._skipping = packet_bytes - len(head), _parse_truncated(head, packet_bytes)

    def _skip(self, data: bytes, packets: list[mqtt5.Packet | OversizedPublish]) -> bytes:
        """Return the bytes behind the packet that is being skipped; at its end append it to `packets`."""
        assert self._skipping is not None
        missing_bytes, packet = self._skipping
        if len(data) < missing_bytes:
            self._skipping = missing_bytes - len(data), packet
            return b""
        self._skipping = None
        packets.append(packet)
        return data[missing_bytes:]


def _packet_bytes(head: bytes) -> int:
    """Size of the packet that begins here, with its fixed header."""
    remaining_length, header_end = _varint(head, 1)
    return remaining_length + header_end


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A variable byte integer, and the offset behind it."""
    value = shift = 0
    while data[start] & 0x80:
        value |= (data[start] & 0x7F) << shift
        shift, start = shift + 7, start + 1
    return value | data[start] << shift, start + 1


def _parse_truncated(head: bytes, packet_bytes: int) -> OversizedPublish:
    """Parse the beginning of a PUBLISH by hand, because the codec needs the whole packet. Raises ProtocolError."""
    if head[0] >> 4 != _PUBLISH_TYPE:
        raise ProtocolError(f"a control packet of {packet_bytes} bytes")
    qos = head[0] >> 1 & 3
    _, start = _varint(head, 1)
    topic_end = start + 2 + int.from_bytes(head[start : start + 2], "big")
    topic = head[start + 2 : topic_end].decode("utf-8", "replace")
    packet_id = int.from_bytes(head[topic_end : topic_end + 2], "big") if qos else None
    properties_bytes, start = _varint(head, topic_end + (2 if qos else 0))
    payload = head[start + properties_bytes :]
    duplicate, retain = bool(head[0] & 8), bool(head[0] & 1)
    payload_bytes = packet_bytes - start - properties_bytes
    return OversizedPublish(topic, payload, packet_id, duplicate, retain, payload_bytes)
