"""Who is on duty for a cell, in a role, at an instant. It knows the roster, not what anybody is told.

A duty held by a cell also covers the cells below it, unless a lower cell has somebody on duty for the same role. An
absence is of the person: wherever its line is written, he is on duty nowhere in its hours, in no role.

Hours are those of the clock on the wall. Where clocks are put forward an hour does not occur, where they are put back
it occurs twice; lines of a roster that follow each other leave no gap and do not overlap on these nights either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.escalation.policy import QuietHours
from domain import MINUTE, Duty, Instant, Person, Role
from domain.people import Community
from domain.places import upward

DAY_MINUTES = 1440


def on_duty(community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo) -> list[Person]:
    """The people on duty, those asked first in front. Empty when nobody is, at this cell or above it."""
    return [person for _, person in on_duty_ranked(community, cell, role, now, tz)]


def on_duty_ranked(
    community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo
) -> list[tuple[int, Person]]:
    """The same with each one's rank: people of one rank are asked together, the next rank are their deputies."""
    away = absent_people(community, now, tz)
    for node in responsible_cells(community, cell):
        found = _ranked_at_cell(community, node, role, away, now, tz)
        if found:
            return found
    return []


def absent_people(community: Community, now: Instant, tz: ZoneInfo) -> frozenset[str]:
    """The people whom a line of the roster takes off duty now, by id."""
    return frozenset(duty.person for duty in community.duties if duty.absent and is_on_shift(duty, now, tz))


def last_resort_people(community: Community, wanted: Sequence[str], now: Instant, tz: ZoneInfo) -> list[Person]:
    """Whom to call when no rung of a ladder reached anybody: the site's `last_resort`, in its order.

    Those who are absent are left out, unless all of them are: somebody must hear of it.
    """
    known = [community.people[name] for name in dict.fromkeys(wanted) if name in community.people]
    away = absent_people(community, now, tz)
    return [person for person in known if person.id not in away] or known


def responsible_cells(community: Community, cell: str | None) -> list[str]:
    """The cell and those above it. A place without a cell is everybody's who answers for the whole (the roots)."""
    above = [node.id for node in upward(community.cells, cell)]
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
    """True when this line of the roster holds now, in local time. A night shift belongs to the day it began."""
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
    """Now, or the first instant at which the clock on the wall shows a time outside the quiet hours."""
    at = now
    while quiet is not None and (left := _quiet_minutes_left(at, quiet, tz)):
        end = at - at % MINUTE + left * MINUTE
        at = end if _offset(end, tz) == _offset(at, tz) else _clocks_change(at, end, tz)
    return at


def _quiet_minutes_left(at: Instant, quiet: QuietHours, tz: ZoneInfo) -> int:
    """By the clock on the wall, as if it were not put forward or back; 0 outside the quiet hours."""
    local = datetime.fromtimestamp(at / 1000, tz)
    length = (quiet.to_minute - quiet.from_minute) % DAY_MINUTES
    into = (local.hour * 60 + local.minute - quiet.from_minute) % DAY_MINUTES
    return max(0, length - into)


def _offset(at: Instant, tz: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at / 1000, tz).utcoffset()


def _clocks_change(before: Instant, after: Instant, tz: ZoneInfo) -> Instant:
    """The first minute with the offset of `after`."""
    low, high, offset = before // MINUTE, after // MINUTE, _offset(after, tz)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(middle * MINUTE, tz) == offset else (middle, high)
    return high * MINUTE
