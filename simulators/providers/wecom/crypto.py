"""Encrypts and signs WeCom callbacks, and decrypts the application's replies.

Written from the provider's documentation (facts/notifications.md 4.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK: Final = 32
_RANDOM_BYTES: Final = 16


class BadEnvelope(Exception):
    """An envelope with a wrong signature, padding or corp id."""


class Envelopes:
    """Encryption of one application. `prefix` are the 16 random bytes before each text."""

    def __init__(self, token: str, aes_key: str, corp_id: str) -> None:
        self._token, self._corp = token, corp_id.encode()
        self._key = base64.b64decode(f"{aes_key}=")
        if len(self._key) != _BLOCK:
            raise ValueError("EncodingAESKey has 43 characters")

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """SHA-1 of token, timestamp, nonce and encrypted text, sorted and joined."""
        return hashlib.sha1("".join(sorted((self._token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - required by the provider

    def seal(self, text: str, prefix: bytes) -> str:
        """Prefix, length, text and corp id, padded to 32 bytes, encrypted, in base64."""
        body = text.encode()
        plain = prefix[:_RANDOM_BYTES] + struct.pack("!I", len(body)) + body + self._corp
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding] * padding)) + encryptor.finalize()).decode()

    def open(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> str:
        """The decrypted text. Raises `BadEnvelope`."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted), signature):
            raise BadEnvelope("signature")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= _BLOCK or plain[-padding:] != bytes([padding] * padding):
            raise BadEnvelope("padding")
        plain = plain[_RANDOM_BYTES:-padding]
        (length,) = struct.unpack("!I", plain[:4])
        if plain[4 + length :] != self._corp:
            raise BadEnvelope("corporation")
        return plain[4 : 4 + length].decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
