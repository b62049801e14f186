"""When the quiet hours of a ladder end, in local time, also on nights when the clocks change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.escalation.policy import QuietHours
from alerts.roster.local_clock import clocks_change, utc_offset
from domain import MINUTE, Instant

DAY_MINUTES = 1440


def end_of_quiet_hours(now: Instant, quiet: QuietHours | None, tz: ZoneInfo) -> Instant:
    """`now`, or the first instant at which local time is outside the quiet hours."""
    at = now
    while quiet is not None and (left := _quiet_minutes_left(at, quiet, tz)):
        end = at - at % MINUTE + left * MINUTE
        at = end if utc_offset(end, tz) == utc_offset(at, tz) else clocks_change(at, end, tz)
    return at


def _quiet_minutes_left(at: Instant, quiet: QuietHours, tz: ZoneInfo) -> int:
    """Minutes of quiet hours left in local time, ignoring clock changes; 0 outside them."""
    local = datetime.fromtimestamp(at / 1000, tz)
    length = (quiet.to_minute - quiet.from_minute) % DAY_MINUTES
    into = (local.hour * 60 + local.minute - quiet.from_minute) % DAY_MINUTES
    return max(0, length - into)
