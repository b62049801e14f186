"""Codes of swaps: digits that a person reads in a text message and types on the page for answers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from console.security.auth import LoginRateLimit, constant_time_equal
from domain import Instant
from domain.rosters import Swap

CODE_DIGITS: Final = 8
FAILURES_OF_ALL: Final = 60
"""Wrong codes of all clients in a minute: in the three days that a swap is open, guessing succeeds once in 300 times.
The asker is notified of every answer, and a swap can be withdrawn."""
_ALL: Final = "all"


class SwapCodes:
    """The code of each swap is derived from the signing key, so that none is stored."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def code_of(self, swap: Swap) -> str:
        """The code for the person who was asked."""
        digest = hmac.new(self._key, f"swap-code {swap.id} {swap.other}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def find(self, code: str, swaps: Iterable[Swap]) -> Swap | None:
        """The swap of this code; None when it is none of these."""
        wanted, found = "".join(code.split()), None
        for swap in swaps:
            if constant_time_equal(self.code_of(swap), wanted):
                found = swap
        return found


class CodeRateLimit:
    """Limits wrong codes of one client, and of all together."""

    def __init__(self) -> None:
        self._per_client, self._overall = LoginRateLimit(), LoginRateLimit(failures_max=FAILURES_OF_ALL)

    def wait_ms(self, client: str, now: Instant) -> int:
        """How long this client must wait; 0 when it may try now."""
        return max(self._per_client.wait_ms(client, now), self._overall.wait_ms(_ALL, now))

    def record_failure(self, client: str, now: Instant) -> None:
        self._per_client.record_failure(client, now)
        self._overall.record_failure(_ALL, now)
