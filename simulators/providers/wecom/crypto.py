"""WeCom's callback envelope from WeCom's side: it seals what it sends and opens what the application answers.

Written from the vendor's page (facts/notifications.md 4.1). It knows nothing of HTTP.
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
    """The other side's envelope cannot be opened: signature, padding or corporation."""


class Envelopes:
    """Seals and opens for one application. `prefix` is the 16 random bytes before each text."""

    def __init__(self, token: str, aes_key: str, corp_id: str) -> None:
        self._token, self._corp = token, corp_id.encode()
        self._key = base64.b64decode(f"{aes_key}=")
        if len(self._key) != _BLOCK:
            raise ValueError("EncodingAESKey has 43 characters")

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """SHA-1 over the four texts, sorted and joined."""
        return hashlib.sha1("".join(sorted((self._token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - the vendor's choice

    def seal(self, text: str, prefix: bytes) -> str:
        """prefix, length, text and corp id, padded to 32, encrypted, in base64."""
        body = text.encode()
        plain = prefix[:_RANDOM_BYTES] + struct.pack("!I", len(body)) + body + self._corp
        fill = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([fill] * fill)) + encryptor.finalize()).decode()

    def open(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> str:
        """The text inside, or `BadEnvelope`."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted), signature):
            raise BadEnvelope("signature")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
        fill = plain[-1]
        if not 1 <= fill <= _BLOCK or plain[-fill:] != bytes([fill] * fill):
            raise BadEnvelope("padding")
        plain = plain[_RANDOM_BYTES:-fill]
        (length,) = struct.unpack("!I", plain[:4])
        if plain[4 + length :] != self._corp:
            raise BadEnvelope("corporation")
        return plain[4 : 4 + length].decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
