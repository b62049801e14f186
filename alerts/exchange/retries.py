"""When a message that was not accepted is sent again, and when it is given up. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import DAY, MINUTE, SECOND, Instant

FIRST_WAIT_MS: Final = SECOND
LONGEST_WAIT_MS: Final = 5 * MINUTE
REFUSALS_MAX: Final = 3
"""Attempts of a message that the target refuses (HTTP 4xx): it will not accept it later either."""
_TRY_AGAIN: Final = frozenset({408, 425, 429})


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


def is_refused(response: Response) -> bool:
    """Whether this message, and not the target, is the reason: other messages go on."""
    if response.refused:
        return True
    status = response.status
    return status is not None and 400 <= status < 500 and status not in _TRY_AGAIN


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
