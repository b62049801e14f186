"""PINs of the people who share a token: proof of who acts with it. Only a keyed digest is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

PIN_DIGITS: Final = 6


def new_pin() -> str:
    """A random PIN; wrong ones are limited to ten a minute for each person and token."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"


def pin_digest(key: bytes, token: str, person: str, pin: str) -> str:
    """The form in which a PIN is stored and compared: of no use without the signing key, or for another token."""
    return hmac.new(key, f"pin {token} {person} {pin}".encode(), hashlib.sha256).hexdigest()
