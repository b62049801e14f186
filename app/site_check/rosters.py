"""Lines of a roster that never hold, and lines that say the same twice. Pure: no files, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.escalation.roster import is_on_shift
from domain import DAY, Duty, Instant

WEEK_AND_A_DAY = 8


def is_never_on_shift(duty: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """Whether its hours, weekdays and dates have no minute in common."""
    return not any(is_on_shift(duty, at, tz) for at in _shift_starts(duty, duty.since, now, tz))


def overlapping_duties(duties: Sequence[Duty], now: Instant, tz: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Pairs of lines by which one person has one role for one cell at the same time; the later line first."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for index, duty in enumerate(duties):
        alike.setdefault((duty.person, duty.cell, duty.role, duty.absent), []).append(index)
    for lines in alike.values():
        for place, later in enumerate(lines):
            other = next((one for one in lines[:place] if _overlap(duties[one], duties[later], now, tz)), None)
            if other is not None:
                yield later, other


def _overlap(one: Duty, other: Duty, now: Instant, tz: ZoneInfo) -> bool:
    """Of two lines that meet, one holds at the moment at which the other begins to."""
    since = max((at for at in (one.since, other.since) if at is not None), default=None)
    moments = {at for duty in (one, other) for at in _shift_starts(duty, since, now, tz)}
    return any(is_on_shift(one, at, tz) and is_on_shift(other, at, tz) for at in moments)


def _shift_starts(duty: Duty, since: Instant | None, now: Instant, tz: ZoneInfo) -> Iterator[Instant]:
    """The first instant of a time, and every instant of its first eight days at which a line's hours begin."""
    first = now if since is None else since
    yield first
    local = datetime.fromtimestamp(first / 1000, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(-1, WEEK_AND_A_DAY):
        begin = local + timedelta(days=day, minutes=duty.from_minute % 1440)
        at = round(begin.timestamp() * 1000)
        if first <= at < first + WEEK_AND_A_DAY * DAY:
            yield at
