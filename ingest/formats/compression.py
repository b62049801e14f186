"""Decompression of payloads (zlib or gzip), up to a limit."""

from __future__ import annotations

import zlib
from typing import Final

from ingest.formats.protobuf import Malformed

DECOMPRESSED_BYTES_MAX: Final = 4 * 2**20


def decompress(body: bytes) -> bytes:
    """Decompress zlib or gzip data. Raises Malformed.

    >>> decompress(zlib.compress(b"lel_pct"))
    b'lel_pct'
    """
    decompressor = zlib.decompressobj(wbits=47)
    try:
        message = decompressor.decompress(body, DECOMPRESSED_BYTES_MAX)
    except zlib.error as error:
        raise Malformed(f"a compressed payload that is none: {error}") from error
    if decompressor.unconsumed_tail:
        raise Malformed(f"a compressed payload of more than {DECOMPRESSED_BYTES_MAX} bytes")
    if not decompressor.eof:
        raise Malformed("a compressed payload cut short")
    return message
