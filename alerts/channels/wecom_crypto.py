"""WeCom's callback envelope: SHA-1 over four sorted texts, AES-256-CBC inside. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher

_BLOCK: Final = 32
_RANDOM: Final = 16


class InvalidEnvelope(Exception):
    """The envelope is not from WeCom, or not for this application."""


class Envelope:
    """Decrypts what WeCom sends to one application, and encrypts the answers."""

    def __init__(self, token: str, aes_key: str, corp_id: str) -> None:
        self._token, self._corp = token, corp_id.encode()
        self._key = base64.b64decode(aes_key + "=")
        if len(self._key) != _BLOCK:
            raise ValueError("EncodingAESKey must be 43 characters")
        # Imported here, when the service starts: 9 MiB that one without these callbacks does not load.
        from cryptography.hazmat.primitives import ciphers

        self._ciphers: Any = ciphers

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        joined = "".join(sorted((self._token, timestamp, nonce, encrypted)))
        return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - the vendor's choice; the secret is the token

    def open(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> str:
        """The decrypted text. The signature is compared in constant time before anything is decrypted."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted).encode(), signature.encode()):
            raise InvalidEnvelope("bad signature")
        plain = self._unpadded(self._decrypted(encrypted))
        if len(plain) < _RANDOM + 4:
            raise InvalidEnvelope("too short")
        (length,) = struct.unpack(">I", plain[_RANDOM : _RANDOM + 4])
        text, corp = plain[_RANDOM + 4 : _RANDOM + 4 + length], plain[_RANDOM + 4 + length :]
        if not hmac.compare_digest(corp, self._corp):
            raise InvalidEnvelope("wrong corp")
        return text.decode()

    def seal(self, text: str, prefix: bytes) -> str:
        """`prefix` is 16 random bytes."""
        message = text.encode()
        plain = prefix + struct.pack(">I", len(message)) + message + self._corp
        fill = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()

    def _decrypted(self, encrypted: str) -> bytes:
        try:
            decryptor = self._cipher().decryptor()
            return decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise InvalidEnvelope("not an envelope") from error

    def _unpadded(self, plain: bytes) -> bytes:
        fill = plain[-1] if plain else 0
        if not 1 <= fill <= _BLOCK or plain[-fill:] != bytes([fill]) * fill:
            raise InvalidEnvelope("bad padding")
        return plain[:-fill]

    def _cipher(self) -> Cipher[Any]:
        ciphers = self._ciphers
        cipher: Cipher[Any] = ciphers.Cipher(ciphers.algorithms.AES(self._key), ciphers.modes.CBC(self._key[:_RANDOM]))
        return cipher
