"""Authentication and permissions: access tokens, browser sessions, workers' links, and rate limits of logins.

Tokens are compared by their SHA-256, in constant time. A session cookie is signed and names a stored session, which
can be ended (store.database.system.sessions).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum
from typing import Any, Final

import msgspec

from console.security.scopes import TokenScope
from console.security.signing import PurposeSigner
from domain import DAY, HOUR, Instant

SESSION_MS: Final = 12 * HOUR
LINK_MS: Final = 2 * HOUR
PHOTO_LINK_MS: Final = 7 * DAY
COOKIE: Final = "fengshao_session"


class AccessRole(StrEnum):
    """The role of a token or session; `PERMISSIONS` lists its actions."""

    VIEWER = "viewer"
    WORKER = "worker"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    ADMINISTRATOR = "administrator"
    DEVICE = "device"
    """A platform that pushes readings over HTTP; it has no other permission."""
    EXCHANGE = "exchange"
    """An outside system that exchanges cases, or a care platform that reads events; it has no other permission."""


_WORKER_ACTIONS: Final = frozenset(
    {"acknowledge", "arrive", "resolve", "pass", "return", "back", "conclude", "comment", "reinforce"}
)
_OPERATOR_ACTIONS: Final = _WORKER_ACTIONS | {
    "open",
    "shelve",
    "silence",
    "assign",
    "merge",
    "split",
    "reopen",
    "refusals",
    "rules",
    "reset",
    "doctor",
}
_DISPATCHER_ACTIONS: Final = _OPERATOR_ACTIONS | {"verify", "close", "supervise", "roster", "partners", "system"}
PERMISSIONS: Final[dict[AccessRole, frozenset[str]]] = {
    AccessRole.VIEWER: frozenset({"refusals"}),
    AccessRole.WORKER: _WORKER_ACTIONS,
    AccessRole.OPERATOR: _OPERATOR_ACTIONS,
    AccessRole.DISPATCHER: _DISPATCHER_ACTIONS,
    AccessRole.ADMINISTRATOR: _DISPATCHER_ACTIONS
    | {"registry", "audit", "push", "reload", "exchange", "users", "backup"},
    AccessRole.DEVICE: frozenset({"push"}),
    AccessRole.EXCHANGE: frozenset({"exchange"}),
}
_UNMASKED_ROLES: Final = frozenset({AccessRole.OPERATOR, AccessRole.DISPATCHER, AccessRole.ADMINISTRATOR})


class Principal(msgspec.Struct, frozen=True):
    """An authenticated user or platform.

    `alert` limits a worker's link to its alert, `place` a token or user to the places under it, `platform` a pushing
    token to that platform, and one of an outside system to that system, `scope` a token to a part of its role. A user
    has `user`, his login name, and `name`; `token` is then `user:<login name>`.
    """

    role: AccessRole
    token: str
    person: str | None = None
    alert: str | None = None
    place: str | None = None
    by_cookie: bool = False
    platform: str | None = None
    user: str | None = None
    name: str | None = None
    session: str | None = None
    scope: TokenScope | None = None
    must_change: bool = False
    """Somebody else set the password: nothing is allowed but choosing one."""

    def has_permission(self, act: str) -> bool:
        return act in PERMISSIONS[self.role]

    @property
    def sees_secrets(self) -> bool:
        """Whether secrets of devices are shown: to administrators of the whole site, who also enter them."""
        return self.has_permission("registry") and self.place is None and self.alert is None

    @property
    def only_looks_on(self) -> bool:
        """Whether nothing that is measured of a body is shown (console.views.wearers)."""
        return self.role is AccessRole.VIEWER and self.alert is None

    @property
    def sees_names(self) -> bool:
        """False when residents' names and all phones are masked."""
        return self.role in _UNMASKED_ROLES


def hash_token(token: str) -> str:
    """The form in which tokens are stored and compared. They are 256 random bits, so a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def constant_time_equal(left: str, right: str) -> bool:
    """Compare two texts of any alphabet in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


class ClaimsSigner:
    """Signs small claims with an expiry (`exp`, milliseconds), each purpose with its own key."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._signer = PurposeSigner(key, purpose)

    def sign(self, claims: dict[str, Any], expires: Instant) -> str:
        return self._signer.sign(msgspec.json.encode({**claims, "exp": expires}))

    def verify(self, signed: str, now: Instant) -> dict[str, Any] | None:
        """The claims; None when they are forged, malformed or expired."""
        body = self._signer.verify(signed)
        claims = msgspec.json.decode(body, type=dict[str, Any]) if body is not None else {}
        return claims if claims.get("exp", 0) > now else None


def sign_worker_link(key: bytes, alert: str, person: str, now: Instant) -> str:
    """The signed part of a worker's link: one alert, one person, two hours. It contains ids only, no personal data."""
    return ClaimsSigner(key, "link").sign({"a": alert, "p": person}, now + LINK_MS)


def sign_photo_link(key: bytes, photo: int, at: Instant) -> str:
    """The signed part of the URL by which an outside system reads one photo, for a week from `at`."""
    return ClaimsSigner(key, "exchange photo").sign({"f": photo}, at + PHOTO_LINK_MS)


def photo_of_link(key: bytes, signed: str, now: Instant) -> int | None:
    """The photo of such a link; None when it is forged or expired."""
    claims = ClaimsSigner(key, "exchange photo").verify(signed, now)
    return None if claims is None else int(claims["f"])


def new_session_id() -> str:
    """A random id of a session."""
    return secrets.token_urlsafe(12)


def session_expiry(principal: Principal, now: Instant, until: Instant | None = None) -> Instant:
    """When a session that begins now ends; one made from a worker's link ends with it (`until`)."""
    latest = now + (LINK_MS if principal.alert else SESSION_MS)
    return latest if until is None else min(until, latest)


class Sessions:
    """Signs and verifies the cookies of browser sessions, and reads workers' links."""

    def __init__(self, key: bytes) -> None:
        self._cookies, self._links = ClaimsSigner(key, "session"), ClaimsSigner(key, "link")

    def create(
        self, principal: Principal, now: Instant, until: Instant | None = None, session: str | None = None
    ) -> str:
        """A cookie for this principal and session; `until` is the expiry of the worker's link it was made from."""
        claims = {
            "s": session or new_session_id(),
            "t": principal.token,
            "r": principal.role,
            "p": principal.person,
            "a": principal.alert,
            "l": principal.place,
            "u": principal.user,
        }
        return self._cookies.sign(claims, session_expiry(principal, now, until))

    def principal_of_cookie(self, cookie: str, now: Instant) -> Principal | None:
        claims = self._cookies.verify(cookie, now)
        if claims is None:
            return None
        role, user = AccessRole(claims["r"]), claims.get("u")
        return Principal(role, claims["t"], claims["p"], claims["a"], claims["l"], by_cookie=True, user=user)

    def id_of(self, cookie: str, now: Instant) -> str | None:
        """The id of the cookie's session; None when the cookie is invalid."""
        claims = self._cookies.verify(cookie, now)
        return None if claims is None else str(claims["s"])

    def principal_of_link(self, link: str, now: Instant) -> Principal | None:
        """The worker of a signed link; None when it is invalid or expired."""
        claims = self._links.verify(link, now)
        if claims is None:
            return None
        return Principal(AccessRole.WORKER, "link", person=claims["p"], alert=claims["a"])

    def link_expiry(self, link: str, now: Instant) -> Instant | None:
        """When a signed link expires; None when it is invalid."""
        claims = self._links.verify(link, now)
        return None if claims is None else int(claims["exp"])


class LoginRateLimit:
    """Limits failed logins of a client address to `failures_max` in `window_ms`; then a valid token must wait too."""

    def __init__(self, failures_max: int = 10, window_ms: int = 60_000, clients_max: int = 10_000) -> None:
        self._failures_max, self._window_ms, self._clients_max = failures_max, window_ms, clients_max
        self._failures: dict[str, list[Instant]] = {}

    def wait_ms(self, client: str, now: Instant) -> int:
        """How long this client must wait; 0 when it may try now."""
        recent = self._recent(client, now)
        return recent[0] + self._window_ms - now if len(recent) >= self._failures_max else 0

    def count(self, client: str, now: Instant) -> int:
        """How often this client has failed in the window, as far as it is remembered."""
        return len(self._recent(client, now))

    def record_failure(self, client: str, now: Instant) -> None:
        recent = self._recent(client, now)
        self._failures.pop(client, None)
        while len(self._failures) >= self._clients_max:
            self._failures.pop(next(iter(self._failures)))
        self._failures[client] = [*recent, now]

    def forget_failure(self, client: str) -> None:
        """Undo the last failure of a client."""
        failures = self._failures.get(client)
        if failures:
            failures.pop()

    def _recent(self, client: str, now: Instant) -> list[Instant]:
        return [at for at in self._failures.get(client, ()) if at > now - self._window_ms]


class LoginFailure(StrEnum):
    """The kind of a failed login; the label `reason` of `fengshao_failed_logins_total`."""

    TOKEN = "token"  # noqa: S105 - a label
    LINK = "link"
    PASSWORD = "password"  # noqa: S105 - a label
    OIDC = "oidc"
    EXPIRED = "expired"
    """A first password that was right and has expired."""
    LOCKED = "locked"
    """Rate limited; the token was not checked."""
    DEVICE = "device"
    """A device's access token in the path of its push."""
    SIGNATURE = "signature"
    CALLBACK = "callback"


class LoginFailures:
    """Counts every failed login, and limits how many are written to the audit trail, in all and per client.

    The rejected token is not stored: a mistyped token is nearly a valid one.
    """

    def __init__(self) -> None:
        self.counts: dict[LoginFailure, int] = dict.fromkeys(LoginFailure, 0)
        self._per_client, self._overall = LoginRateLimit(failures_max=10), LoginRateLimit(failures_max=60)

    def record(self, failure: LoginFailure, client: str, now: Instant) -> bool:
        """Count a failure; True when it is to be written to the audit trail."""
        self.counts[failure] += 1
        if self._per_client.wait_ms(client, now) or self._overall.wait_ms("", now):
            return False
        self._per_client.record_failure(client, now)
        self._overall.record_failure("", now)
        return True
