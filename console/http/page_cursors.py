"""Opaque page cursors: the store's cursor, signed, so that the store gets back only cursors that it returned.

A cursor is valid for its own list only.
"""

from __future__ import annotations

from console import messages_zh
from console.http.problems import FieldError, invalid
from console.security.signing import PurposeSigner


class PageCursors:
    """Signs and verifies cursors; each list is a purpose of its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, cursor: str | None, path: str = "") -> str | None:
        """The `next` of a page of this list."""
        return None if cursor is None else self._signer_for(path).sign(cursor.encode())

    def verify(self, signed: str | None, path: str = "") -> str | None:
        """The store's cursor; a forged one is 422 for the field `next`."""
        if not signed:
            return None
        cursor = self._signer_for(path).verify(signed)
        if cursor is None:
            raise invalid(FieldError("next", messages_zh.BAD_CURSOR))
        return cursor.decode()

    def _signer_for(self, path: str) -> PurposeSigner:
        return PurposeSigner(self._key, f"cursor\0{path}")
