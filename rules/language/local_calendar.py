"""Local calendar: hour, weekday, public holidays and make-up workdays (调休) of mainland China, by time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain import Instant
from domain.holidays import HOLIDAYS, is_workday

TIME_ATTRIBUTES: Final = ("hour", "minute", "weekday", "workday", "holiday", "date")
"""`time.hour` 0-23, `time.minute` of the day 0-1439, `time.weekday` 1 (Monday) to 7, `time.workday`, `time.holiday`,
`time.date` (`2026-05-01`)."""

RANGES: Final = {"hour": (0, 23), "minute": (0, 1439), "weekday": (1, 7)}


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
    if name == "workday":
        return is_workday(local.date())
    return local.date() in HOLIDAYS if name == "holiday" else None
