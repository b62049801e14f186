"""Compressed payloads: both formats, and what is refused."""

from __future__ import annotations

import gzip
import zlib

import pytest

from ingest.formats.compression import DECOMPRESSED_BYTES_MAX, decompress
from ingest.formats.protobuf import Malformed


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress])
@pytest.mark.parametrize("size", [0, 1, DECOMPRESSED_BYTES_MAX])
def test_a_payload_up_to_the_limit_is_decompressed(compress: object, size: int) -> None:
    assert callable(compress)
    assert bytes(size) == decompress(compress(bytes(size)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cut short"),
        (b"lel_pct", "a compressed payload that is none"),
        (zlib.compress(b"lel_pct")[:-1], "cut short"),
        (zlib.compress(bytes(DECOMPRESSED_BYTES_MAX + 1)), "more than"),
    ],
)
def test_a_payload_that_cannot_be_decompressed_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        decompress(body)
