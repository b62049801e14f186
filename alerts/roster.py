"""Who is on duty for a cell, in a role, at an instant. It knows the roster, not what anybody is told.

A duty held by a cell also covers the cells below it, unless a lower cell has somebody on duty for the same role.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.ladder import Quiet
from domain import MINUTE, Duty, Instant, Person, Role
from domain.people import Community
from domain.places import upward

DAY_MINUTES = 1440


def on_duty(community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo) -> list[Person]:
    """The people on duty, those asked first in front. Empty when nobody is, at this cell or above it."""
    return [person for _, person in ranked(community, cell, role, now, tz)]


def ranked(community: Community, cell: str | None, role: Role, now: Instant, tz: ZoneInfo) -> list[tuple[int, Person]]:
    """The same with each one's rank: people of one rank are asked together, the next rank are their deputies."""
    for node in _cells(community, cell):
        found = _at(community, node, role, now, tz)
        if found:
            return found
    return []


def _cells(community: Community, cell: str | None) -> list[str]:
    """The cell and those above it. A place without a cell is everybody's who answers for the whole (the roots)."""
    above = [node.id for node in upward(community.cells, cell)]
    return above or [node.id for node in community.cells.values() if node.parent is None]


def _at(community: Community, cell: str, role: Role, now: Instant, tz: ZoneInfo) -> list[tuple[int, Person]]:
    held = [duty for duty in community.duties if duty.cell == cell and duty.role is role and covers(duty, now, tz)]
    away = {duty.person for duty in held if duty.absent}
    rank: dict[str, int] = {}
    for duty in held:
        if duty.person not in away and duty.person in community.people:
            rank[duty.person] = min(duty.rank, rank.get(duty.person, duty.rank))
    return sorted(
        ((place, community.people[who]) for who, place in rank.items()), key=lambda pair: (pair[0], pair[1].id)
    )


def covers(duty: Duty, now: Instant, tz: ZoneInfo) -> bool:
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


def after_quiet(now: Instant, quiet: Quiet | None, tz: ZoneInfo) -> Instant:
    """Now, or the end of the quiet hours when they hold."""
    if quiet is None:
        return now
    local = datetime.fromtimestamp(now / 1000, tz)
    minute = local.hour * 60 + local.minute
    length = (quiet.to_minute - quiet.from_minute) % DAY_MINUTES
    into = (minute - quiet.from_minute) % DAY_MINUTES
    if into >= length:
        return now
    return now - now % MINUTE + (length - into) * MINUTE
