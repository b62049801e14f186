"""Who is asking and what they may do: tokens, browser sessions, workers' links. It knows HTTP's headers and no page.

Tokens are compared by their SHA-256, in constant time. A session cookie is signed and not stored; logging out is
remembered until the cookie would have expired anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import Any, Final

import msgspec

from console.security.signing import PurposeSigner
from domain import HOUR, Instant

SESSION_MS: Final = 12 * HOUR
LINK_MS: Final = 2 * HOUR
COOKIE: Final = "fengshao_session"
LOGOUTS_MAX: Final = 10_000


class AccessRole(StrEnum):
    """What a token or session may do; each row of `_MAY` says which acts."""

    VIEWER = "viewer"
    WORKER = "worker"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    ADMINISTRATOR = "administrator"
    DEVICE = "device"
    """A platform that pushes readings over HTTP; it may do nothing else."""


_WORKER_ACTIONS: Final = frozenset({"acknowledge", "arrive", "resolve", "pass", "return", "comment"})
_OPERATOR_ACTIONS: Final = _WORKER_ACTIONS | {
    "shelve",
    "silence",
    "assign",
    "reopen",
    "refusals",
    "rules",
    "reset",
    "doctor",
}
_DISPATCHER_ACTIONS: Final = _OPERATOR_ACTIONS | {"verify", "close", "roster"}
PERMISSIONS: Final[dict[AccessRole, frozenset[str]]] = {
    AccessRole.VIEWER: frozenset({"refusals"}),
    AccessRole.WORKER: _WORKER_ACTIONS,
    AccessRole.OPERATOR: _OPERATOR_ACTIONS,
    AccessRole.DISPATCHER: _DISPATCHER_ACTIONS,
    AccessRole.ADMINISTRATOR: _DISPATCHER_ACTIONS | {"registry", "audit", "push", "reload"},
    AccessRole.DEVICE: frozenset({"push"}),
}
_UNMASKED_ROLES: Final = frozenset({AccessRole.OPERATOR, AccessRole.DISPATCHER, AccessRole.ADMINISTRATOR})


class Principal(msgspec.Struct, frozen=True):
    """Somebody who asked. `alert` limits a worker's link to its alert, `place` a token to what lies under it.

    `platform` limits a pushing token to that platform.
    """

    role: AccessRole
    token: str
    person: str | None = None
    alert: str | None = None
    place: str | None = None
    by_cookie: bool = False
    platform: str | None = None

    def has_permission(self, act: str) -> bool:
        return act in PERMISSIONS[self.role]

    @property
    def sees_secrets(self) -> bool:
        """True for whoever keeps the registry of the whole site: devices' tokens are written there, and read."""
        return self.has_permission("registry") and self.place is None and self.alert is None

    @property
    def sees_names(self) -> bool:
        """False when residents' names and everybody's phones are masked."""
        return self.role in _UNMASKED_ROLES


def hash_token(token: str) -> str:
    """How a token is kept and compared. Tokens are 256 random bits, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def constant_time_equal(one: str, other: str) -> bool:
    """Constant-time comparison of two texts of any alphabet."""
    return hmac.compare_digest(one.encode(), other.encode())


class ClaimsSigner:
    """Seals small claims that expire, so that a link can never pass as a session."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._signer = PurposeSigner(key, purpose)

    def sign(self, claims: dict[str, Any], expires: Instant) -> str:
        return self._signer.sign(msgspec.json.encode({**claims, "exp": expires}))

    def verify(self, sealed: str, now: Instant) -> dict[str, Any] | None:
        """The claims, or None when they were forged, broken or are too old."""
        body = self._signer.verify(sealed)
        claims = msgspec.json.decode(body, type=dict[str, Any]) if body is not None else {}
        return claims if claims.get("exp", 0) > now else None


def sign_worker_link(key: bytes, alert: str, person: str, now: Instant) -> str:
    """The signed part of a worker's link: this alert, this person, two hours. It carries no personal data."""
    return ClaimsSigner(key, "link").sign({"a": alert, "p": person}, now + LINK_MS)


class Sessions:
    """Opens, reads and ends browser sessions."""

    def __init__(self, key: bytes) -> None:
        self._cookies, self._links = ClaimsSigner(key, "session"), ClaimsSigner(key, "link")
        self._revoked: dict[str, Instant] = {}

    def create(self, principal: Principal, now: Instant, until: Instant | None = None) -> str:
        """A cookie for this principal; a link's opens nothing after `until`, when the link itself ends."""
        claims = {
            "s": secrets.token_urlsafe(12),
            "t": principal.token,
            "r": principal.role,
            "p": principal.person,
            "a": principal.alert,
            "l": principal.place,
        }
        longest = now + (LINK_MS if principal.alert else SESSION_MS)
        return self._cookies.sign(claims, longest if until is None else min(until, longest))

    def principal_of_cookie(self, cookie: str, now: Instant) -> Principal | None:
        claims = self._cookies.verify(cookie, now)
        if claims is None or claims["s"] in self._revoked:
            return None
        return Principal(AccessRole(claims["r"]), claims["t"], claims["p"], claims["a"], claims["l"], by_cookie=True)

    def principal_of_link(self, link: str, now: Instant) -> Principal | None:
        """The worker a signed link was made for."""
        claims = self._links.verify(link, now)
        if claims is None:
            return None
        return Principal(AccessRole.WORKER, "link", person=claims["p"], alert=claims["a"])

    def link_expiry(self, link: str, now: Instant) -> Instant | None:
        """When a signed link ends; None for anything that is no link of ours."""
        claims = self._links.verify(link, now)
        return None if claims is None else int(claims["exp"])

    def revoke(self, cookie: str, now: Instant) -> None:
        """Log out: the cookie is refused from now on (until the next restart, or until it expires)."""
        claims = self._cookies.verify(cookie, now)
        if claims is None:
            return
        self._revoked = {session: until for session, until in self._revoked.items() if until > now}
        while len(self._revoked) >= LOGOUTS_MAX:
            self._revoked.pop(next(iter(self._revoked)))
        self._revoked[claims["s"]] = claims["exp"]


class LoginRateLimit:
    """Counts failed logins per client address: after `most` within `window_ms` even the right token must wait."""

    def __init__(self, most: int = 10, window_ms: int = 60_000, clients: int = 10_000) -> None:
        self._failures_max, self._window_ms, self._clients_max = most, window_ms, clients
        self._failures: dict[str, list[Instant]] = {}

    def wait_ms(self, client: str, now: Instant) -> int:
        """How long this client must still wait; 0 when it may try."""
        recent = self._recent(client, now)
        return recent[0] + self._window_ms - now if len(recent) >= self._failures_max else 0

    def record_failure(self, client: str, now: Instant) -> None:
        recent = self._recent(client, now)
        self._failures.pop(client, None)
        while len(self._failures) >= self._clients_max:
            self._failures.pop(next(iter(self._failures)))
        self._failures[client] = [*recent, now]

    def _recent(self, client: str, now: Instant) -> list[Instant]:
        return [at for at in self._failures.get(client, ()) if at > now - self._window_ms]


class LoginFailure(StrEnum):
    """With what somebody failed to get in; the label of `fengshao_failed_logins_total`."""

    TOKEN = "token"  # noqa: S105 - a label
    LINK = "link"
    LOCKED = "locked"
    """He failed too often before; what he tried was not looked at."""
    DEVICE = "device"
    """A device's own token, in the path of its push."""
    SIGNATURE = "signature"
    CALLBACK = "callback"


class LoginFailures:
    """Counts them all, and says which go into the audit: as many as a person reads, however many there are.

    What was tried is not kept: a mistyped token is nearly a token.
    """

    def __init__(self) -> None:
        self.counts: dict[LoginFailure, int] = dict.fromkeys(LoginFailure, 0)
        self._per_client, self._overall = LoginRateLimit(most=10), LoginRateLimit(most=60)

    def record(self, failure: LoginFailure, client: str, now: Instant) -> bool:
        """Whether this one is written down."""
        self.counts[failure] += 1
        if self._per_client.wait_ms(client, now) or self._overall.wait_ms("", now):
            return False
        self._per_client.record_failure(client, now)
        self._overall.record_failure("", now)
        return True
