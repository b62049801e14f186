"""The calendar by which conditions ask for the time: local hour and weekday, Chinese public holidays and the weekends
worked in exchange. It knows no clock. **Data to be renewed every year**, when the State Council has published it.

2026: notice of the State Council of 2025-11-04. 2027: no notice was found when it was last looked for (2026-11-22);
what stands here are the days fixed by law (unverified against a notice), without any exchanged weekend.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import Instant

NAMES: Final = ("hour", "minute", "weekday", "workday", "holiday", "date")
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
_EXCHANGED: Final = frozenset(
    map(date.fromisoformat, ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"))
)
"""Weekends on which people work."""
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
    return day in _EXCHANGED or (day.isoweekday() <= 5 and day not in HOLIDAYS)


@lru_cache(maxsize=4096)
def _local(minutes: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(minutes * 60, UTC).astimezone(zone)


QUARTER_MS: Final = 900_000
"""No zone changes its clocks in the middle of a quarter of an hour."""


@lru_cache(maxsize=4096)
def _offset_ms(quarter: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() * 1000)


def offset_ms(at: Instant, zone: tzinfo) -> int:
    """By how much the local clock is ahead of UTC.

    >>> from zoneinfo import ZoneInfo
    >>> offset_ms(0, ZoneInfo("Asia/Shanghai")), offset_ms(1_783_000_000_000, ZoneInfo("Europe/Berlin"))
    (28800000, 7200000)
    """
    return _offset_ms(at // QUARTER_MS, zone)


@lru_cache(maxsize=256)
def zone_named(name: str) -> tzinfo | None:
    """The time zone that somebody wrote down; None for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def moment(at: Instant, zone: tzinfo, name: str) -> int | bool | str | None:
    """What the local calendar says of an instant; None for what it does not know."""
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
