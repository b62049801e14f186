"""Who is on duty for a cell, in a role, at an instant.

A line or rotation of a cell also covers the cells below it, unless a lower cell has somebody on duty for the same role.
At one cell, those for the hazard in question come before those for any hazard. An absence belongs to the person: in its
hours he is off duty in every cell and role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.roster.shifts import is_on_shift, rotation_turns
from alerts.roster.substitution import Substitutes
from domain import Instant, Person
from domain.people import Community
from domain.places import self_and_ancestors
from domain.rosters import Override


class Assignment(Struct, frozen=True):
    """A person on duty, and why: the duty or rotation (with the name of its shift), and overrides of `scheduled`."""

    rank: int
    person: Person
    cell: str
    scheduled: str
    hazards: tuple[str, ...] = ()
    duty: str | None = None
    rotation: str | None = None
    shift: str = ""
    overrides: tuple[Override, ...] = ()


class Scheduled(Struct, frozen=True):
    """A person whom a duty or rotation of a cell plans for an instant, before overrides."""

    person: str
    rank: int
    hazards: tuple[str, ...]
    duty: str | None = None
    rotation: str | None = None
    shift: str = ""


def on_duty(
    community: Community, cell: str | None, role: str, now: Instant, tz: ZoneInfo, hazard: str | None = None
) -> list[Person]:
    """People on duty, in order of rank. Empty when nobody is, at this cell or above it."""
    return [person for _, person in on_duty_ranked(community, cell, role, now, tz, hazard)]


def on_duty_ranked(
    community: Community, cell: str | None, role: str, now: Instant, tz: ZoneInfo, hazard: str | None = None
) -> list[tuple[int, Person]]:
    """People on duty with their ranks: one rank is called together, the next rank are its deputies.

    `hazard` is the hazard of the alert; None asks for the people of every hazard.
    """
    return [(one.rank, one.person) for one in assignments(community, cell, role, now, tz, hazard)]


def first_on_duty(community: Community, role: str, now: Instant, tz: ZoneInfo) -> list[Person]:
    """The people who are called first anywhere, each once.

    A cell without people of its own on duty is answered by one above it, which is asked itself: no cell asks upwards.
    """
    substitutes, found = substitutes_at(community, now, tz), dict[str, Person]()
    for cell in community.cells:
        rostered = scheduled_at(community, cell, role, now, tz)
        for one in resolve(community, cell, role, rostered, substitutes, None)[:1]:
            found.setdefault(one.person.id, one.person)
    return list(found.values())


def assignments(
    community: Community, cell: str | None, role: str, now: Instant, tz: ZoneInfo, hazard: str | None = None
) -> list[Assignment]:
    """People on duty, each once, with the line, rotation and overrides that make it so; in order of rank."""
    substitutes = substitutes_at(community, now, tz)
    for node in responsible_cells(community, cell):
        rostered = scheduled_at(community, node, role, now, tz)
        if found := resolve(community, node, role, rostered, substitutes, hazard):
            return found
    return []


def resolve(
    community: Community,
    cell: str,
    role: str,
    rostered: Iterable[Scheduled],
    substitutes: Substitutes,
    hazard: str | None,
) -> list[Assignment]:
    """Those of the rostered people, or their substitutes, who are on duty at one cell."""
    found: list[Assignment] = []
    for plan in rostered:
        change = substitutes.resolve(plan.person, cell, role)
        person = community.people.get(change.person or "")
        if person is not None and not substitutes.is_away(person.id):
            source = (plan.hazards, plan.duty, plan.rotation, plan.shift)
            found.append(Assignment(plan.rank, person, cell, plan.person, *source, change.overrides))
    first: dict[str, Assignment] = {}
    for assignment in sorted(_of_hazard(found, hazard), key=lambda one: (one.rank, one.person.id)):
        first.setdefault(assignment.person.id, assignment)
    return list(first.values())


def scheduled_at(community: Community, cell: str, role: str, now: Instant, tz: ZoneInfo) -> Iterator[Scheduled]:
    """The people whom the duties and rotations of a cell plan for an instant."""
    for duty in community.duties_at(cell, role):
        if not duty.absent and is_on_shift(duty, now, tz):
            yield Scheduled(duty.person, duty.rank, duty.hazards, duty=duty.id)
    for rotation in community.rotations_at(cell, role):
        for turn in rotation_turns(rotation, now, now + 1, tz):
            yield Scheduled(turn.person, turn.rank, rotation.hazards, rotation=rotation.id, shift=turn.shift)


def substitutes_at(community: Community, now: Instant, tz: ZoneInfo) -> Substitutes:
    """The overrides and absences in force at an instant."""
    absent = frozenset(duty.person for duty in community.absences if is_on_shift(duty, now, tz))
    return Substitutes(community.overrides_of, absent, now)


def absent_people(community: Community, now: Instant, tz: ZoneInfo) -> frozenset[str]:
    """Ids of the people whom an absence or a leave takes off duty now."""
    substitutes = substitutes_at(community, now, tz)
    candidates = {*(duty.person for duty in community.absences), *community.overrides_of}
    return frozenset(filter(substitutes.is_away, candidates))


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


def _of_hazard(found: Sequence[Assignment], hazard: str | None) -> Sequence[Assignment]:
    """The assignments that name this hazard, else those for any hazard."""
    if hazard is None:
        return found
    return [one for one in found if hazard in one.hazards] or [one for one in found if not one.hazards]
