"""Limits wrong passwords for each user and each client address, without a way to lock everybody out.

A browser in which a user has logged in before has a signed device cookie. Wrong passwords of other clients count
against the user's name; those with the cookie count against the cookie alone. Whoever guesses from elsewhere so locks
out new browsers of that user for some minutes, never the ones in use (OWASP, "Slow Down Online Guessing Attacks with
Device Cookies"). An address, which a whole office may share, is never locked: after ten wrong passwords in a minute the
answers to its unknown browsers are delayed.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Final

from console.security.auth import ClaimsSigner, LoginRateLimit
from domain import DAY, MINUTE, Instant

DEVICE_COOKIE: Final = "fengshao_device"
DEVICE_MS: Final = 180 * DAY
FAILURES_MAX: Final = 10
WINDOW_MS: Final = 15 * MINUTE
"""Ten wrong passwords of a user from unknown browsers, or from one known browser, in this time."""
CHECKED_AT_A_TIME_MAX: Final = 20
"""Passwords of unknown browsers at one address that are checked or wait for it. Each takes a tenth of a second of one
of two slots: without a limit one client could queue minutes of work before all others, before a failure counts."""
BUSY_MS: Final = 2_000
DELAY_MS: Final = 500
"""Of an unknown browser at an address with ten wrong passwords in the last minute; doubled with each further one."""
DELAY_MAX_MS: Final = 4_000
"""Below the time after which the login page gives up."""
DELAYED_MAX: Final = 200
"""Delayed answers of one address: each holds a connection and no work."""


class Attempt:
    """One try: whose name, and from which browser."""

    def __init__(self, user: str, address: str, device: str | None) -> None:
        self.user, self.address, self.device = user, address, device


class LoginGuard:
    """Counts wrong passwords. In memory and bounded: a restart forgets them."""

    def __init__(self, key: bytes, addresses: LoginRateLimit) -> None:
        self._cookies = ClaimsSigner(key, "device")
        self._addresses = addresses
        self._users = LoginRateLimit(FAILURES_MAX, WINDOW_MS)
        self._devices = LoginRateLimit(FAILURES_MAX, WINDOW_MS)
        self._checked_now: Counter[str] = Counter()
        self._delayed_now: Counter[str] = Counter()

    def attempt(self, user: str, address: str, cookie: str | None, now: Instant) -> Attempt:
        """The attempt; a device cookie counts only for the user it was made for."""
        claims = self._cookies.verify(cookie, now) if cookie else None
        return Attempt(user, address, str(claims["d"]) if claims and claims["u"] == user else None)

    def wait_ms(self, attempt: Attempt, now: Instant) -> int:
        """How long this client must wait; 0 when it may try now."""
        if attempt.device is not None:
            return self._devices.wait_ms(attempt.device, now)
        is_busy = self._delayed_now[attempt.address] >= DELAYED_MAX
        return self._users.wait_ms(attempt.user, now) or (BUSY_MS if is_busy else self.check_wait_ms(attempt))

    def check_wait_ms(self, attempt: Attempt) -> int:
        """How long this client must wait before its password can be checked: too many of its address are being."""
        is_busy = attempt.device is None and self._checked_now[attempt.address] >= CHECKED_AT_A_TIME_MAX
        return BUSY_MS if is_busy else 0

    def delay_ms(self, attempt: Attempt, now: Instant) -> int:
        """How long the answer to this client is to be delayed."""
        beyond = self._addresses.count(attempt.address, now) - FAILURES_MAX
        if attempt.device is not None or beyond < 0:
            return 0
        return min(DELAY_MAX_MS, DELAY_MS << min(beyond, 10))

    def begin_delay(self, attempt: Attempt, now: Instant) -> None:
        """The answer is delayed from now; the attempt counts against the user. `end_delay` must follow."""
        if attempt.device is None:
            self._users.record_failure(attempt.user, now)
            self._delayed_now[attempt.address] += 1

    def end_delay(self, attempt: Attempt) -> None:
        if attempt.device is None:
            self._delayed_now[attempt.address] -= 1
            self._delayed_now += Counter()  # drops addresses with none

    def begin(self, attempt: Attempt, now: Instant) -> None:
        """The password is checked from now. `begin_delay` has counted an unknown browser, so that simultaneous guesses
        are all counted. `end` must follow."""
        if attempt.device is not None:
            self._devices.record_failure(attempt.device, now)
        else:
            self._checked_now[attempt.address] += 1

    def end(self, attempt: Attempt) -> None:
        """The check is over, whatever its result."""
        if attempt.device is None:
            self._checked_now[attempt.address] -= 1
            self._checked_now += Counter()  # drops addresses with none

    def succeeded(self, attempt: Attempt) -> None:
        """The password was right: `begin` counts no more."""
        if attempt.device is not None:
            self._devices.forget_failure(attempt.device)
        else:
            self._users.forget_failure(attempt.user)

    def failed(self, attempt: Attempt, now: Instant) -> None:
        """The password was wrong. The address counts only now: a whole office may log in from one at eight."""
        if attempt.device is None:
            self._addresses.record_failure(attempt.address, now)

    def device_cookie(self, user: str, now: Instant) -> str:
        """A cookie for a browser in which this user has logged in."""
        return self._cookies.sign({"u": user, "d": secrets.token_urlsafe(9)}, now + DEVICE_MS)
