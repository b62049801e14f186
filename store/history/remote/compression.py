"""Lines as the body of a request, and back."""

from __future__ import annotations

import gzip
from typing import Final

_COMPRESSION: Final = 1


def compress(lines: str) -> bytes:
    """A request body. Text that is no valid Unicode would make the server refuse the whole batch."""
    return gzip.compress(lines.encode("utf-8", "replace"), _COMPRESSION, mtime=0)


def decompress(body: bytes) -> list[str]:
    """The lines of a body."""
    return gzip.decompress(body).decode().split("\n")
