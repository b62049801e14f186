"""When a device says it happened: seconds, milliseconds, microseconds or text. It reads no clock."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from domain import DAY, MINUTE, Instant

PAST_MAX: Final = 400 * DAY
FUTURE_MAX: Final = 2 * MINUTE

_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_MICROSECONDS_BELOW: Final = 10**17
_ISO_DATE_DIGITS: Final = len("20260101")


def is_sane(at: Instant, received: Instant) -> bool:
    """Whether a device's clock may be believed (design, section 7)."""
    return received - PAST_MAX <= at <= received + FUTURE_MAX


def read_instant(said: object, zone: tzinfo) -> Instant | None:
    """Milliseconds, or None when this is no time at all. Text without a zone is the source's local time.

    >>> from datetime import UTC
    >>> [read_instant(said, UTC) for said in (1767225600, 1767225600000, 1767225600000000, "2026-01-01T00:00:00Z")]
    [1767225600000, 1767225600000, 1767225600000, 1767225600000]
    """
    if type(said) is int:
        return _from_number(said)
    if type(said) is float:
        return _from_number(said) if said - said == 0 else None
    return _from_text(said.strip(), zone) if isinstance(said, str) else None


def _from_number(said: float) -> Instant | None:
    """Told apart by magnitude: 10^11 seconds is the year 5138, 10^11 milliseconds was in 1973."""
    size = abs(said)
    if size < _SECONDS_BELOW:
        return round(said * 1_000)
    if size < _MILLISECONDS_BELOW:
        return round(said)
    return round(said / 1_000) if size < _MICROSECONDS_BELOW else None


def _from_text(said: str, zone: tzinfo) -> Instant | None:
    if len(said) != _ISO_DATE_DIGITS and said.replace(".", "", 1).isdecimal():
        return _from_number(float(said))
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return round(local.timestamp() * 1_000)
