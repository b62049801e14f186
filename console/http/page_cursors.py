"""Opaque page cursors: the store's own cursor, sealed, so that only one we gave out comes back to the store.

A cursor is good for the list it came from: another list's would mean nothing there.
"""

from __future__ import annotations

from console import messages_zh
from console.http.problems import FieldError, invalid
from console.security.signing import PurposeSigner


class PageCursors:
    """Seals and opens cursors; each list is a purpose of its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, cursor: str | None, of: str = "") -> str | None:
        """What the `next` of a page of this list shows."""
        return None if cursor is None else self._signer_for(of).sign(cursor.encode())

    def verify(self, sealed: str | None, of: str = "") -> str | None:
        """What the store gave. A cursor of somebody's own making is a fault in the query."""
        if not sealed:
            return None
        cursor = self._signer_for(of).verify(sealed)
        if cursor is None:
            raise invalid(FieldError("next", messages_zh.BAD_CURSOR))
        return cursor.decode()

    def _signer_for(self, of: str) -> PurposeSigner:
        return PurposeSigner(self._key, f"cursor\0{of}")
