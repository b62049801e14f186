"""Finds duties that are never on shift, and duties of one person that overlap. Pure: no files, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.roster.shifts import is_on_shift
from domain import DAY, Duty, Instant

DAYS_CHECKED = 8
DAYS_CHECKED_BY_CALENDAR = 400
"""A line for public holidays or make-up workdays may hold once a year."""


def is_never_on_shift(duty: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """Whether the duty's hours, weekdays and dates have no minute in common."""
    return not any(is_on_shift(duty, at, tz) for at in _shift_starts(duty, duty.since, now, tz))


def overlapping_duties(duties: Sequence[Duty], now: Instant, tz: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Pairs of duties (later index first) that give one person one role for one cell at the same time."""
    same_role: dict[tuple[object, ...], list[int]] = {}
    for index, duty in enumerate(duties):
        same_role.setdefault((duty.person, duty.cell, duty.role, duty.absent), []).append(index)
    for indexes in same_role.values():
        for number, later in enumerate(indexes):
            overlapping = (earlier for earlier in indexes[:number] if _overlap(duties[earlier], duties[later], now, tz))
            earlier = next(overlapping, None)
            if earlier is not None:
                yield later, earlier


def _overlap(first: Duty, second: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """Whether both are on shift at some start of a shift: of two that overlap, one is when the other starts."""
    since = max((at for at in (first.since, second.since) if at is not None), default=None)
    starts = {at for duty in (first, second) for at in _shift_starts(duty, since, now, tz)}
    return any(is_on_shift(first, at, tz) and is_on_shift(second, at, tz) for at in starts)


def _shift_starts(duty: Duty, since: Instant | None, now: Instant, tz: ZoneInfo) -> Iterator[Instant]:
    """`since` (default: now), and the starts of the duty's hours in the days after it."""
    first = now if since is None else since
    yield first
    local = datetime.fromtimestamp(first / 1000, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    days = DAYS_CHECKED_BY_CALENDAR if duty.days else DAYS_CHECKED
    for day in range(-1, days):
        begin = local + timedelta(days=day, minutes=duty.from_minute % 1440)
        at = round(begin.timestamp() * 1000)
        if first <= at < first + days * DAY:
            yield at
