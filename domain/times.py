"""RFC 3339 times to instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from domain import Instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+\- ]\d{2}:\d{2})?")
EARLIEST: Final = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
BEYOND: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""Accepted times t have EARLIEST <= t < BEYOND, so that a day or a zone offset more is still a valid date."""


def parse_rfc3339(text: str, default_zone: tzinfo) -> Instant:
    """The instant of an RFC 3339 time; one without an offset is local time of `default_zone`. Raises ValueError.

    A `+` that a client forgot to escape in a query arrives as a space and is read as the `+` it was.

    >>> parse_rfc3339("2025-11-21T22:05:03.123 08:00", UTC), parse_rfc3339("2025-11-21 14:05:03.123", UTC)
    (1763733903123, 1763733903123)
    >>> parse_rfc3339("yesterday", UTC)
    Traceback (most recent call last):
    ValueError: not a time: 'yesterday' (write 2026-11-21T08:00:00+08:00)
    """
    error = ValueError(f"not a time: {text!r} (write 2026-11-21T08:00:00+08:00)")
    if not _RFC3339.fullmatch(text):
        raise error
    plain = re.sub(r" (?=\d{2}:\d{2}$)", "+", text[:10] + "T" + text[11:]).upper()
    try:
        time = datetime.fromisoformat(plain)
        at = (time if time.tzinfo is not None else time.replace(tzinfo=default_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise error from None
    instant = (at - _EPOCH) // _MILLISECOND
    if not EARLIEST <= instant < BEYOND:
        raise error
    return instant
