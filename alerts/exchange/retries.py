"""When a message that was not accepted is sent again, and when it is given up. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from alerts.exchange.messages import Failure
from domain import DAY, MINUTE, SECOND, Instant

FIRST_WAIT_MS: Final = SECOND
LONGEST_WAIT_MS: Final = 5 * MINUTE
REFUSALS_MAX: Final = 3
"""Attempts of a message that the target refuses (HTTP 4xx): it will not accept it later either."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_BY_STATUS: Final = {
    401: Failure.ACCESS,
    403: Failure.ACCESS,
    404: Failure.NOT_FOUND,
    405: Failure.NOT_FOUND,
    408: Failure.TIMEOUT,
    410: Failure.NOT_FOUND,
    429: Failure.RATE,
}


class RetryPolicy(Struct, frozen=True):
    """How long a target may be down before its messages are given up."""

    give_up_after_ms: int = DAY


class Response(Struct, frozen=True):
    """What became of one request. `status` is None when there was no response."""

    accepted: bool
    status: int | None = None
    error: str = ""
    body: bytes = b""
    retry_after_ms: int = 0
    refused: bool = False
    """The target understood the request and does not want it, whatever the HTTP status."""
    failure: Failure | None = None
    """Why there was no answer; with one, its status tells."""


def is_refused(response: Response) -> bool:
    """Whether this message, and not the target, is the reason: other messages go on."""
    if response.refused:
        return True
    status = response.status
    return status is not None and 400 <= status < 500 and status not in _TRY_AGAIN


def failure_of(response: Response) -> Failure:
    """The class of a failure.

    >>> [failure_of(Response(False, status)).value for status in (401, 404, 302, 422, 429, 503, None)]
    ['access', 'not_found', 'not_found', 'refused', 'rate', 'server', 'other']
    """
    if response.failure is not None:
        return response.failure
    if response.refused:
        return Failure.REFUSED
    status = response.status or 0
    by_class = {3: Failure.NOT_FOUND, 4: Failure.REFUSED, 5: Failure.SERVER}
    return _BY_STATUS.get(status) or by_class.get(status // 100, Failure.OTHER)


def transport_failure(names: Iterable[str]) -> Failure:
    """The class of a failure of transport, by the names of the exceptions that led to it.

    >>> transport_failure(["ConnectError", "SSLCertVerificationError"]).value, transport_failure(["ReadTimeout"]).value
    ('tls', 'timeout')
    """
    text = " ".join(names)
    known = (
        ("SSL", Failure.TLS),
        ("RefusedUrl", Failure.ADDRESS),
        ("Timeout", Failure.TIMEOUT),
        ("Connect", Failure.CONNECTION),
        ("OSError", Failure.CONNECTION),
        ("gaierror", Failure.CONNECTION),
    )
    return next((failure for word, failure in known if word in text), Failure.OTHER)


def wait_ms(failures: int, response: Response) -> int:
    """How long to wait after so many failures in a row: doubled each time, as long as the target asks, limited.

    >>> [wait_ms(failures, Response(False)) for failures in (1, 2, 3, 20)]
    [1000, 2000, 4000, 300000]
    """
    doubled = FIRST_WAIT_MS << min(failures - 1, 20)
    return min(max(doubled, response.retry_after_ms), LONGEST_WAIT_MS)


def is_given_up(response: Response, attempts: int, created_at: Instant, now: Instant, policy: RetryPolicy) -> bool:
    """Whether a message whose attempt failed goes to the dead letters. `attempts` counts this one."""
    if is_refused(response) and attempts >= REFUSALS_MAX:
        return True
    return now - created_at >= policy.give_up_after_ms


def parse_retry_after(text: str) -> int:
    """Retry-After in seconds (RFC 9110 section 10.2.3) as ms; 0 for a date or anything else.

    >>> [parse_retry_after(text) for text in ("30", "", "Wed, 21 Oct 2026 07:28:00 GMT", "999999999999")]
    [30000, 0, 0, 0]
    """
    return int(text) * SECOND if text.isascii() and text.isdigit() and len(text) <= 6 else 0
