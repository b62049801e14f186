"""Who is on duty for a cell, in a role, at an instant.

A duty of a cell also covers the cells below it, unless a lower cell has somebody on duty for the same role. At one
cell, lines for the hazard in question come before lines for any hazard. An absence belongs to the person: in its hours
he is off duty in every cell and role.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from zoneinfo import ZoneInfo

from alerts.roster.shifts import is_on_shift
from domain import Duty, Instant, Person
from domain.people import Community
from domain.places import self_and_ancestors


def on_duty(
    community: Community, cell: str | None, role: str | str, now: Instant, tz: ZoneInfo, hazard: str | None = None
) -> list[Person]:
    """People on duty, in order of rank. Empty when nobody is, at this cell or above it."""
    return [person for _, person in on_duty_ranked(community, cell, role, now, tz, hazard)]


def on_duty_ranked(
    community: Community, cell: str | None, role: str | str, now: Instant, tz: ZoneInfo, hazard: str | None = None
) -> list[tuple[int, Person]]:
    """People on duty with their ranks: one rank is called together, the next rank are its deputies.

    `hazard` is the hazard of the alert; None asks for the people of every hazard.
    """
    away = absent_people(community, now, tz)
    for node in responsible_cells(community, cell):
        found = _ranked_at_cell(community, node, role, away, now, tz, hazard)
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
    community: Community,
    cell: str,
    role: str | str,
    away: Collection[str],
    now: Instant,
    tz: ZoneInfo,
    hazard: str | None,
) -> list[tuple[int, Person]]:
    held = [
        duty
        for duty in community.duties
        if duty.cell == cell
        and duty.role == role
        and not duty.absent
        and duty.person not in away
        and duty.person in community.people
        and is_on_shift(duty, now, tz)
    ]
    rank: dict[str, int] = {}
    for duty in _of_hazard(held, hazard):
        rank[duty.person] = min(duty.rank, rank.get(duty.person, duty.rank))
    return sorted(
        ((place, community.people[who]) for who, place in rank.items()), key=lambda pair: (pair[0], pair[1].id)
    )


def _of_hazard(duties: Sequence[Duty], hazard: str | None) -> Sequence[Duty]:
    """The lines that name this hazard, else those for any hazard."""
    if hazard is None:
        return duties
    return [duty for duty in duties if hazard in duty.hazards] or [duty for duty in duties if not duty.hazards]
