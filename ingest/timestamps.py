"""Times that devices write: seconds, milliseconds, microseconds or text."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final

from domain import DAY, MINUTE, Instant

MAX_AGE_MS: Final = 400 * DAY
MAX_AHEAD_MS: Final = 2 * MINUTE

_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_MICROSECONDS_BELOW: Final = 10**17
_ISO_DATE_DIGITS: Final = len("20260101")
_COMPACT_BETWEEN: Final = (20_200_101_000_000, 21_000_000_000_000)
"""`20261129055834` as a number; in milliseconds that is the year 2612."""
_COMPACT: Final = re.compile(r"(20\d\d)(\d\d)(\d\d)[T _-]?(\d\d)(\d\d)(\d\d)?(?:\.\d+)?")
_COMPACT_SHORT_YEAR: Final = re.compile(r"([23]\d)([01]\d)([0-3]\d)([0-2]\d)([0-5]\d)([0-5]\d)")
"""`261129055834`, as meters and vehicles write it; in milliseconds that is no later than 1982."""
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_RFC_5322: Final = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} .*")
_ASCTIME: Final = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}")
_ZONE_NAME: Final = re.compile(r"\s*(?:UTC|GMT)$|\[[A-Za-z/_+-]+\]$")
_YEAR_FIRST: Final = re.compile(
    r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?[T ]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?(?:\.\d+)?秒?"
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),?[T ]*(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?")
"""With points the day stands first everywhere. `11/12/2026` is the 11th or the 12th, by country: it is not read."""


def is_plausible(at: Instant, received: Instant) -> bool:
    """Whether a device time is used: at most MAX_AGE_MS old and MAX_AHEAD_MS ahead (design, section 7)."""
    return received - MAX_AGE_MS <= at <= received + MAX_AHEAD_MS


def parse_timestamp(value: object, zone: tzinfo) -> Instant | None:
    """Milliseconds, or None when the value is no time. Text without an offset is local time in `zone`.

    >>> from datetime import UTC
    >>> [parse_timestamp(value, UTC) for value in (1767225600, 1767225600000, 1767225600000000, "2026-01-01T00:00:00Z")]
    [1767225600000, 1767225600000, 1767225600000, 1767225600000]
    """
    if type(value) is int:
        digits = str(value)
        is_compact = _COMPACT_BETWEEN[0] <= value < _COMPACT_BETWEEN[1] or _COMPACT_SHORT_YEAR.fullmatch(digits)
        return _from_text(digits, zone) if is_compact else _from_number(value)
    if type(value) is float:
        return _from_number(value) if value - value == 0 else None
    return _from_text(value.strip(), zone) if isinstance(value, str) else None


def _from_number(number: float) -> Instant | None:
    """The unit follows from the magnitude: 10^11 seconds is the year 5138, 10^11 milliseconds was in 1973."""
    magnitude = abs(number)
    if magnitude < _SECONDS_BELOW:
        return round(number * 1_000)
    if magnitude < _MILLISECONDS_BELOW:
        return round(number)
    return round(number / 1_000) if magnitude < _MICROSECONDS_BELOW else None


def _from_text(text: str, zone: tzinfo) -> Instant | None:
    moment = _parse_spelling(text)
    if moment is None and len(text) != _ISO_DATE_DIGITS and text.replace(".", "", 1).isdecimal():
        return _from_number(float(text))
    if moment is None:
        return None
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return round(local.timestamp() * 1_000)


def _parse_spelling(text: str) -> datetime | None:
    """Date and time as ISO 8601 or as makers write them.

    >>> [str(_parse_spelling(text)) for text in ("20261129055834", "2026/11/29 5:58:34", "29.11.2026 05:58")]
    ['2026-11-29 05:58:34', '2026-11-29 05:58:34', '2026-11-29 05:58:00']
    """
    if _RFC_3339.fullmatch(text):  # what most devices write
        return _from_iso_format(text)
    for pattern in (_COMPACT, _YEAR_FIRST, _DAY_FIRST):
        found = pattern.fullmatch(text)
        if found is not None:
            first, month, last, *time = (int(part or 0) for part in found.groups())
            year, day = (last, first) if pattern is _DAY_FIRST else (first, last)
            return _datetime(year, month, day, *time)
    if short := _COMPACT_SHORT_YEAR.fullmatch(text):
        year, *rest = map(int, short.groups())
        return _datetime(2000 + year, *rest)
    return _parse_standard_format(text)


def _parse_standard_format(text: str) -> datetime | None:
    """ISO 8601, also with a zone name behind it, an RFC 5322 date, or C's asctime.

    >>> [str(_parse_standard_format(text)) for text in ("2026-11-28 21:58:34 GMT", "Sun Nov 29 05:58:34 2026")]
    ['2026-11-28 21:58:34+00:00', '2026-11-29 05:58:34']
    """
    zone_name = _ZONE_NAME.search(text)
    iso = text[: zone_name.start()] + ("" if "[" in zone_name[0] else "Z") if zone_name else text
    try:
        if _ASCTIME.fullmatch(text):
            return datetime.strptime(text, "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007 (the caller adds the zone)
        return parsedate_to_datetime(text) if _RFC_5322.fullmatch(text) else _from_iso_format(iso)
    except (ValueError, TypeError):
        return None


def _from_iso_format(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _datetime(*parts: int) -> datetime | None:
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 (the caller adds the zone)
    except ValueError:
        return None
