"""Instants as the platforms write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from domain import Instant

_BEIJING = timezone(timedelta(hours=8))


def utc(at: Instant) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)


def beijing(at: Instant) -> datetime:
    """The wall clock of China, which has one zone and no summer time."""
    return datetime.fromtimestamp(at // 1000, _BEIJING)


def rfc3339_nanoseconds(at: Instant, suffix: str) -> str:
    """`2022-07-18T09:34:15.775000000` and the suffix, `Z` or `+00:00`."""
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}000000{suffix}"
