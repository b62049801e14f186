"""Bytes that a platform compressed, deflate or gzip, up to a limit. It knows no platform."""

from __future__ import annotations

import zlib
from typing import Final

from ingest.formats.protobuf import Malformed

DECOMPRESSED_BYTES_MAX: Final = 4 * 2**20


def decompress(body: bytes) -> bytes:
    """What was compressed. Raises Malformed.

    >>> decompress(zlib.compress(b"lel_pct"))
    b'lel_pct'
    """
    inflate = zlib.decompressobj(wbits=47)
    try:
        message = inflate.decompress(body, DECOMPRESSED_BYTES_MAX)
    except zlib.error as fault:
        raise Malformed(f"a compressed payload that is none: {fault}") from fault
    if inflate.unconsumed_tail:
        raise Malformed(f"a compressed payload of more than {DECOMPRESSED_BYTES_MAX} bytes")
    if not inflate.eof:
        raise Malformed("a compressed payload cut short")
    return message
