"""One signer for what goes out and comes back: workers' links, session cookies, page cursors (itsdangerous).

Each purpose has a key derived from the service's own, so that nothing sealed for one purpose opens for another.
docs/decisions/0026.
"""

from __future__ import annotations

import hashlib

import itsdangerous


class PurposeSigner:
    """Seals bytes for one purpose as `body.mark`: both URL-safe base64, the mark HMAC-SHA256. Knows no expiry."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._signer = itsdangerous.Signer(key, purpose, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign(self, raw: bytes) -> str:
        return self._signer.sign(itsdangerous.encoding.base64_encode(raw)).decode()

    def verify(self, sealed: str) -> bytes | None:
        """The bytes; None for anything that was not sealed for this purpose with this key."""
        try:
            body = self._signer.unsign(sealed.encode(errors="replace"))
        except itsdangerous.BadSignature:
            return None
        return itsdangerous.encoding.base64_decode(body)
