"""PINs of the people who share a token: proof of who acts with it. Only a keyed digest is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from domain import MINUTE

PIN_DIGITS: Final = 6
PIN_WINDOW_MS: Final = 15 * MINUTE
"""Ten wrong PINs in this time, then none is checked: with a shared token 0.1 % of all PINs can be tried in a day."""


def new_pin() -> str:
    """A random PIN; wrong ones are limited for each person and token, and in the audit trail."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"


def pin_digest(key: bytes, token: str, person: str, pin: str) -> str:
    """The form in which a PIN is stored and compared: of no use without the signing key, or for another token."""
    return hmac.new(key, f"pin {token} {person} {pin}".encode(), hashlib.sha256).hexdigest()
