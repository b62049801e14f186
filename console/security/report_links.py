"""Signed tokens of the public pages: a reporter's own page, and the QR code of a place."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from console.security.auth import ClaimsSigner
from console.security.signing import PurposeSigner
from domain import DAY, Instant

LINK_VALID_MS: Final = 800 * DAY
"""Two years and some days: longer than the work takes, and than a complaint about it may be made."""
_CLIENT_CHARACTERS: Final = 32


class ReportLinks:
    """Makes and reads the tokens. Each purpose has a key of its own, derived from the signing key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._reports, self._places = ClaimsSigner(key, "report"), PurposeSigner(key, "place-code")

    def report_token(self, report: int, created_at: Instant) -> str:
        """The same token each time, so that a repeated request gets the link of the first."""
        return self._reports.sign({"r": report}, created_at + LINK_VALID_MS)

    def report_of(self, token: str, now: Instant) -> int | None:
        """The report of a token; None when it is forged or expired."""
        claims = self._reports.verify(token, now)
        return None if claims is None else int(claims["r"])

    def place_token(self, code: int) -> str:
        return self._places.sign(str(code).encode())

    def code_of(self, token: str) -> int | None:
        """The code in a QR token; None when it is forged."""
        raw = self._places.verify(token)
        return int(raw) if raw is not None and raw.isdigit() else None

    def client_digest(self, address: str) -> str:
        """A client's address for counting: keyed, so that it cannot be guessed back from the database."""
        return hmac.new(self._key, f"report-client {address}".encode(), hashlib.sha256).hexdigest()[:_CLIENT_CHARACTERS]
