"""Opaque page cursors: the store's own cursor, sealed, so that only one we gave out comes back to the store.

A cursor is good for the list it came from: another list's would mean nothing there.
"""

from __future__ import annotations

from console import messages_zh
from console.http.problems import FieldFault, faulty
from console.security.signing import Seal


class Cursors:
    """Seals and opens cursors; each list is a purpose of its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, cursor: str | None, of: str = "") -> str | None:
        """What the `next` of a page of this list shows."""
        return None if cursor is None else self._of(of).seal(cursor.encode())

    def open(self, sealed: str | None, of: str = "") -> str | None:
        """What the store gave. A cursor of somebody's own making is a fault in the query."""
        if not sealed:
            return None
        cursor = self._of(of).open(sealed)
        if cursor is None:
            raise faulty(FieldFault("next", messages_zh.BAD_CURSOR))
        return cursor.decode()

    def _of(self, of: str) -> Seal:
        return Seal(self._key, f"cursor\0{of}")
