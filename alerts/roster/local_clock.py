"""Local clock time of rosters: it never goes back, so that consecutive shifts leave no gap and do not overlap.

When clocks go forward, an hour is skipped: a shift that begins in it begins when the clocks change. When they go back,
the hour is worked once: its second occurrence belongs to the shift that was on duty at its end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain import MINUTE, Instant

_MICROSECOND = timedelta(microseconds=1)


def local_time(at: Instant, tz: ZoneInfo) -> datetime:
    """The latest time of day, without zone, that local clocks have shown at or before an instant.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> [f"{local_time(1792886400000 + hour * 3600000, berlin):%H:%M}" for hour in (0, 1, 2)]
    ['02:00', '02:59', '03:00']
    """
    local = datetime.fromtimestamp(at / 1000, tz)
    if local.fold:
        repeated = (local.replace(fold=0).utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
        changed = clocks_change(at - int(repeated / timedelta(milliseconds=1)), at, tz)
        shown = datetime.fromtimestamp(changed / 1000 - 60, tz).replace(tzinfo=None)
        return shown + timedelta(minutes=1) - _MICROSECOND
    return local.replace(tzinfo=None)


@lru_cache(maxsize=65_536)
def instant_of(wall: datetime, tz: ZoneInfo) -> Instant:
    """The first instant at which local clocks show this time or a later one.

    >>> instant_of(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")) == instant_of(
    ...     datetime(2026, 3, 29, 3, 0), ZoneInfo("Europe/Berlin"))
    True
    """
    at = round(wall.replace(tzinfo=tz).timestamp() * 1000)
    if datetime.fromtimestamp(at / 1000, tz).replace(tzinfo=None) == wall:
        return at
    before = round(wall.replace(tzinfo=tz, fold=1).timestamp() * 1000)
    return clocks_change(before, at, tz)


def clocks_change(before: Instant, after: Instant, tz: ZoneInfo) -> Instant:
    """The first minute with the UTC offset of `after`."""
    low, high, offset = before // MINUTE, after // MINUTE, utc_offset(after, tz)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if utc_offset(middle * MINUTE, tz) == offset else (middle, high)
    return high * MINUTE


def utc_offset(at: Instant, tz: ZoneInfo) -> timedelta | None:
    """By how much local clocks are ahead of UTC."""
    return datetime.fromtimestamp(at / 1000, tz).utcoffset()
