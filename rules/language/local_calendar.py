"""Local calendar: hour, weekday, public holidays and make-up workdays (调休) of mainland China, by time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import Instant

TIME_ATTRIBUTES: Final = ("hour", "minute", "weekday", "workday", "holiday", "date")
"""`time.hour` 0-23, `time.minute` of the day 0-1439, `time.weekday` 1 (Monday) to 7, `time.workday`, `time.holiday`,
`time.date` (`2026-05-01`)."""

RANGES: Final = {"hour": (0, 23), "minute": (0, 1439), "weekday": (1, 7)}

_PERIODS: Final = (
    ("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3), ("2026-09-25", 3),
    ("2026-10-01", 7),
    ("2027-01-01", 1), ("2027-02-05", 4), ("2027-04-05", 1), ("2027-05-01", 2), ("2027-06-09", 1), ("2027-09-15", 1),
    ("2027-10-01", 3),
)  # fmt: skip
"""First day and number of days."""
_MAKEUP_WORKDAYS: Final = frozenset(
    map(date.fromisoformat, ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"))
)
"""Weekend days that are workdays (调休)."""
KNOWN_UNTIL: Final = date(2027, 12, 31)
"""Beyond, a weekday counts as a workday and a weekend as none."""


def _holidays() -> Iterator[date]:
    for first, days in _PERIODS:
        yield from (date.fromisoformat(first) + timedelta(days=day) for day in range(days))


HOLIDAYS: Final = frozenset(_holidays())


def is_workday(day: date) -> bool:
    """True when offices and schools are open.

    >>> is_workday(date(2026, 2, 14)), is_workday(date(2026, 2, 16))
    (True, False)
    """
    return day in _MAKEUP_WORKDAYS or (day.isoweekday() <= 5 and day not in HOLIDAYS)


@lru_cache(maxsize=4096)
def _local(minutes: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(minutes * 60, UTC).astimezone(zone)


QUARTER_MS: Final = 900_000
"""No zone changes its clocks in the middle of a quarter of an hour."""


@lru_cache(maxsize=4096)
def _offset_ms(quarter: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)


def utc_offset_ms(at: Instant, zone: tzinfo) -> int:
    """By how much the local clock is ahead of UTC.

    >>> from zoneinfo import ZoneInfo
    >>> utc_offset_ms(0, ZoneInfo("Asia/Shanghai")), utc_offset_ms(1_783_000_000_000, ZoneInfo("Europe/Berlin"))
    (28800000, 7200000)
    """
    return _offset_ms(at // QUARTER_MS, zone)


@lru_cache(maxsize=256)
def find_zone(name: str) -> tzinfo | None:
    """The time zone of this name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def calendar_value(at: Instant, zone: tzinfo, name: str) -> int | bool | str | None:
    """A value of the local calendar at an instant; None for an unknown name."""
    local = _local(at // 60_000, zone)
    if name == "hour":
        return local.hour
    if name == "minute":
        return local.hour * 60 + local.minute
    if name == "weekday":
        return local.isoweekday()
    if name == "date":
        return local.date().isoformat()
    return {"workday": is_workday(local.date()), "holiday": local.date() in HOLIDAYS}.get(name)
