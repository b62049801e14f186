"""Whether a roster line holds at an instant: its hours, weekdays and dates, in local time.

When clocks go forward an hour does not occur, when they go back it occurs twice; consecutive shifts leave no gap and do
not overlap on these nights either.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain import Duty, Instant
from domain.holidays import day_types


def is_on_shift(duty: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """True when this duty holds now, in local time. A night shift belongs to the day on which it began."""
    if (duty.since is not None and now < duty.since) or (duty.until is not None and now >= duty.until):
        return False
    local = datetime.fromtimestamp(now / 1000, tz)
    minute = local.hour * 60 + local.minute
    begin, end = duty.from_minute, duty.to_minute
    if begin < end:
        return begin <= minute < end and _weekday(duty, local)
    if minute >= begin:
        return _weekday(duty, local)
    return minute < end and _weekday(duty, local - timedelta(days=1))


def _weekday(duty: Duty, local: datetime) -> bool:
    is_weekday = not duty.weekdays or local.isoweekday() in duty.weekdays
    return is_weekday and (not duty.days or not day_types(local.date()).isdisjoint(duty.days))
