"""Opaque page cursors: the store's own cursor, sealed, so that only one we gave out comes back to the store.

A cursor is good for the list it came from: another list's would mean nothing there.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from console import words
from console.problems import FieldFault, faulty

_MARK_BYTES = 8


class Cursors:
    """Seals and opens cursors with a key of their own purpose."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"cursor", "sha256")

    def seal(self, cursor: str | None, of: str = "") -> str | None:
        """What the `next` of a page of this list shows."""
        if cursor is None:
            return None
        raw = cursor.encode()
        return base64.urlsafe_b64encode(self._mark(raw, of) + raw).decode().rstrip("=")

    def open(self, sealed: str | None, of: str = "") -> str | None:
        """What the store gave. A cursor of somebody's own making is a fault in the query."""
        if not sealed:
            return None
        try:
            raw = base64.urlsafe_b64decode(sealed.encode() + b"=" * (-len(sealed) % 4))
        except (binascii.Error, UnicodeEncodeError):
            raw = b""
        mark, cursor = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        if not hmac.compare_digest(mark, self._mark(cursor, of)):
            raise faulty(FieldFault("next", words.BAD_CURSOR))
        return cursor.decode()

    def _mark(self, raw: bytes, of: str) -> bytes:
        return hmac.digest(self._key, of.encode() + b"\0" + raw, "sha256")[:_MARK_BYTES]
