"""Wire format of protocol buffers: a message to and from its numbered fields, without a schema.

Groups, which are obsolete, are refused like everything else that is not well formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import Final

Value = int | bytes
"""A varint or a fixed-size number as an unsigned integer, or the bytes of a length-delimited field."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_MAX: Final = 10
_UINT64: Final = 0xFFFF_FFFF_FFFF_FFFF


class Malformed(ValueError):
    """The bytes are not well formed."""


def read_fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field, in the order of the message. Raises Malformed.

    >>> list(read_fields(bytes.fromhex("089601120474657374")))
    [(1, 150), (2, b'test')]
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, wire_type = key >> 3, key & 7
        if number == 0:
            raise Malformed("a field without a number")
        value, at = _value(wire_type, message, at)
        yield number, value


def _value(wire_type: int, message: bytes, at: int) -> tuple[Value, int]:
    if wire_type == _VARINT:
        return _varint(message, at)
    if wire_type == _BYTES:
        length, at = _varint(message, at)
        return _slice(message, at, length), at + length
    if wire_type == _FIXED32:
        return unpack_from("<I", _slice(message, at, 4))[0], at + 4
    if wire_type == _FIXED64:
        return unpack_from("<Q", _slice(message, at, 8))[0], at + 8
    raise Malformed(f"wire type {wire_type}")


def _slice(message: bytes, at: int, length: int) -> bytes:
    if at + length > len(message):
        raise Malformed("it ends in the middle of a field")
    return message[at : at + length]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for index in range(_VARINT_MAX):
        byte = _slice(message, at + index, 1)[0]
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return number & _UINT64, at + index + 1
    raise Malformed("a number of more than ten bytes")


def write_number(number: int, value: int) -> bytes:
    """Encode a field that holds an unsigned integer.

    >>> write_number(1, 150).hex()
    '089601'
    """
    return _encode_varint(number << 3 | _VARINT) + _encode_varint(value)


def write_text(number: int, value: str | bytes) -> bytes:
    """Encode a field that holds text, bytes or a message.

    >>> write_text(2, "test").hex()
    '120474657374'
    """
    raw = value.encode() if isinstance(value, str) else value
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(raw)) + raw


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
