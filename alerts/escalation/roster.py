"""Who is on duty for a cell, in a role, at an instant.

A duty of a cell also covers the cells below it, unless a lower cell has somebody on duty for the same role. An absence
belongs to the person: in its hours he is off duty in every cell and role.

Hours are local time. When clocks go forward an hour does not occur, when they go back it occurs twice; consecutive
shifts leave no gap and do not overlap on these nights either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.escalation.policy import QuietHours
from domain import MINUTE, Duty, Instant, Person, Role
from domain.people import Community
from domain.places import self_and_ancestors

DAY_MINUTES = 1440


def on_duty(community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo) -> list[Person]:
    """People on duty, in order of rank. Empty when nobody is, at this cell or above it."""
    return [person for _, person in on_duty_ranked(community, cell, role, now, tz)]


def on_duty_ranked(
    community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo
) -> list[tuple[int, Person]]:
    """People on duty with their ranks: one rank is called together, the next rank are its deputies."""
    away = absent_people(community, now, tz)
    for node in responsible_cells(community, cell):
        found = _ranked_at_cell(community, node, role, away, now, tz)
        if found:
            return found
    return []


def absent_people(community: Community, now: Instant, tz: ZoneInfo) -> frozenset[str]:
    """Ids of the people whom an absence takes off duty now."""
    return frozenset(duty.person for duty in community.duties if duty.absent and is_on_shift(duty, now, tz))


def last_resort_people(community: Community, wanted: Sequence[str], now: Instant, tz: ZoneInfo) -> list[Person]:
    """People to call when no rung of a ladder reached anybody: the site's `last_resort`, in order.

    Absent ones are left out, unless all are absent: one person at least must be notified.
    """
    known = [community.people[name] for name in dict.fromkeys(wanted) if name in community.people]
    away = absent_people(community, now, tz)
    return [person for person in known if person.id not in away] or known


def responsible_cells(community: Community, cell: str | None) -> list[str]:
    """The cell and those above it; without a cell, the roots."""
    above = [node.id for node in self_and_ancestors(community.cells, cell)]
    return above or [node.id for node in community.cells.values() if node.parent is None]


def _ranked_at_cell(
    community: Community, cell: str, role: Role, away: Collection[str], now: Instant, tz: ZoneInfo
) -> list[tuple[int, Person]]:
    held = [duty for duty in community.duties if duty.cell == cell and duty.role is role and not duty.absent]
    rank: dict[str, int] = {}
    for duty in held:
        if duty.person not in away and duty.person in community.people and is_on_shift(duty, now, tz):
            rank[duty.person] = min(duty.rank, rank.get(duty.person, duty.rank))
    return sorted(
        ((place, community.people[who]) for who, place in rank.items()), key=lambda pair: (pair[0], pair[1].id)
    )


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
    return not duty.weekdays or local.isoweekday() in duty.weekdays


def end_of_quiet_hours(now: Instant, quiet: QuietHours | None, tz: ZoneInfo) -> Instant:
    """`now`, or the first instant at which local time is outside the quiet hours."""
    at = now
    while quiet is not None and (left := _quiet_minutes_left(at, quiet, tz)):
        end = at - at % MINUTE + left * MINUTE
        at = end if _offset(end, tz) == _offset(at, tz) else _clocks_change(at, end, tz)
    return at


def _quiet_minutes_left(at: Instant, quiet: QuietHours, tz: ZoneInfo) -> int:
    """Minutes of quiet hours left in local time, ignoring clock changes; 0 outside them."""
    local = datetime.fromtimestamp(at / 1000, tz)
    length = (quiet.to_minute - quiet.from_minute) % DAY_MINUTES
    into = (local.hour * 60 + local.minute - quiet.from_minute) % DAY_MINUTES
    return max(0, length - into)


def _offset(at: Instant, tz: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at / 1000, tz).utcoffset()


def _clocks_change(before: Instant, after: Instant, tz: ZoneInfo) -> Instant:
    """The first minute with the UTC offset of `after`."""
    low, high, offset = before // MINUTE, after // MINUTE, _offset(after, tz)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(middle * MINUTE, tz) == offset else (middle, high)
    return high * MINUTE
