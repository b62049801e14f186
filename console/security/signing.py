"""Signer of workers' links, session cookies and page cursors (itsdangerous).

The key of each purpose is derived from the signing key, so that a value signed for one purpose is invalid for another.
See docs/decisions/0026.
"""

from __future__ import annotations

import hashlib

import itsdangerous


class PurposeSigner:
    """Signs bytes for one purpose as `body.signature`, both URL-safe base64; HMAC-SHA256, without expiry."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._signer = itsdangerous.Signer(key, purpose, key_derivation="hmac", digest_method=hashlib.sha256)

    def sign(self, raw: bytes) -> str:
        return self._signer.sign(itsdangerous.encoding.base64_encode(raw)).decode()

    def verify(self, signed: str) -> bytes | None:
        """The bytes; None unless they were signed for this purpose with this key."""
        try:
            body = self._signer.unsign(signed.encode(errors="replace"))
        except itsdangerous.BadSignature:
            return None
        return itsdangerous.encoding.base64_decode(body)
