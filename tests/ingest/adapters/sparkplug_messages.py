"""Sparkplug B payloads as bytes, and a decoder with an edge node."""

from __future__ import annotations

from struct import pack

NOW = 1767225660000
AT = NOW - 1_000


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def fixed32(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + pack("<f", value)


def fixed64(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + pack("<d", value)


def metric(name: str | None, value: bytes = b"", *, alias: int | None = None, datatype: int | None = None) -> bytes:
    """One metric of a payload; `value` is its value field as bytes."""
    parts = text(1, name) if name is not None else b""
    parts += number(2, alias) if alias is not None else b""
    parts += number(4, datatype) if datatype is not None else b""
    return text(2, parts + value)


def payload(*metrics: bytes, seq: int | None = None, at: int | None = AT) -> bytes:
    head = number(1, at) if at is not None else b""
    return head + b"".join(metrics) + (number(3, seq) if seq is not None else b"")


def boolean(value: bool) -> bytes:
    return number(14, int(value))
