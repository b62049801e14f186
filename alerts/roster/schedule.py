"""Who is on duty over a period, as intervals; and the hours that the roster plans for somebody and nobody works.

A person may be replaced at any instant, so a period is divided where a shift, an absence or an override begins or ends;
between two such instants nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from alerts.roster.on_duty import Assignment, Scheduled, resolve, responsible_cells
from alerts.roster.shifts import intervals, rotation_turns, shift_of
from alerts.roster.substitution import Substitutes
from domain import Duty, Instant
from domain.people import Community
from domain.rosters import Override, Shift

Interval = tuple[Instant, Instant]


class Segment(Struct, frozen=True):
    """Hours [begin, end) in which the same people are on duty for the same reasons; nobody when there are none."""

    begin: Instant
    end: Instant
    people: tuple[Assignment, ...]


class ScheduledTurn(Struct, frozen=True):
    """Hours of one line or rotation, before overrides and absences."""

    begin: Instant
    end: Instant
    plan: Scheduled


class RosterSchedule:
    """The roster of a community from `since` to `until`. Built once for many cells: equal hours are computed once."""

    def __init__(self, community: Community, since: Instant, until: Instant, tz: ZoneInfo) -> None:
        self._community, self.since, self._until, self._tz = community, since, until, tz
        self._hours: dict[Shift, list[Interval]] = {}
        self._segments: dict[tuple[str | None, str, str | None], list[Segment]] = {}
        self._scheduled: dict[tuple[str, str], list[ScheduledTurn]] = {}
        self._duties = duties_by_role(community.duties)
        self._absences: dict[str, list[Interval]] = {}
        for duty in community.absences:
            self._absences.setdefault(duty.person, []).extend(self.duty_hours(duty))

    @property
    def roles(self) -> Iterable[tuple[str, str]]:
        """Cells and roles that have a line or rotation."""
        rotations = {(cell, one.role) for one in self._community.rotations for cell in one.cells}
        return {*self._duties, *rotations}

    def segments(self, cell: str | None, role: str, hazard: str | None = None) -> list[Segment]:
        """Who is on duty for a cell in a role, as an escalation would find them; covers the whole period."""
        chain = [(node, self.scheduled(node, role)) for node in responsible_cells(self._community, cell)]
        chain = [(node, turns) for node, turns in chain if turns]
        if not any(turn.plan.hazards for _, turns in chain for turn in turns):
            hazard = None
        key = (cell, role, hazard)
        if key not in self._segments:
            self._segments[key] = self._computed(chain, role, hazard)
        return self._segments[key]

    def _computed(
        self, chain: Sequence[tuple[str, Sequence[ScheduledTurn]]], role: str, hazard: str | None
    ) -> list[Segment]:
        people = self._people_involved(turn.plan.person for _, turns in chain for turn in turns)
        marks = {self.since, self._until, *self._changes(people)}
        marks.update(at for _, turns in chain for turn in turns for at in (turn.begin, turn.end))
        active = [(node, _active(turns)) for node, turns in chain]
        found: list[Segment] = []
        for begin, end in pairwise(sorted(at for at in marks if self.since <= at <= self._until)):
            on_duty = self._on_duty(active, role, begin, hazard, people)
            if found and found[-1].people == on_duty:
                found[-1] = replace(found[-1], end=end)
            else:
                found.append(Segment(begin, end, on_duty))
        return found

    def scheduled(self, cell: str, role: str) -> list[ScheduledTurn]:
        """What the lines and rotations of one cell plan, cut to the period."""
        key = (cell, str(role))
        if key not in self._scheduled:
            self._scheduled[key] = sorted(
                [*self._duty_turns(*key), *self._rotation_turns(*key)], key=lambda turn: (turn.begin, turn.end)
            )
        return self._scheduled[key]

    def duty_hours(self, duty: Duty) -> Iterator[Interval]:
        """The hours of a line within the period and its own dates."""
        shift = shift_of(duty)
        if shift not in self._hours:
            self._hours[shift] = intervals(shift, self.since, self._until, self._tz)
        first, last = max(self.since, duty.since or 0), self._until
        last = last if duty.until is None else min(last, duty.until)
        for begin, end in self._hours[shift]:
            if begin < last and end > first:
                yield max(begin, first), min(end, last)

    def has_end(self, cell: str, role: str) -> bool:
        """Whether a line or rotation of a cell for a role ends at some time."""
        dated = [*self._duties.get((cell, role), ()), *self._community.rotations_at(cell, role)]
        return any(one.until is not None for one in dated)

    def absences(self, person: str) -> Sequence[Interval]:
        """The hours in which a line of the roster takes a person off duty."""
        return self._absences.get(person, ())

    def overrides(self, person: str) -> Sequence[Override]:
        """The overrides of a person's turns."""
        return self._community.overrides_of.get(person, ())

    def _duty_turns(self, cell: str, role: str) -> Iterator[ScheduledTurn]:
        for duty in self._duties.get((cell, role), ()):
            plan = Scheduled(duty.person, duty.rank, duty.hazards, duty=duty.id)
            yield from (ScheduledTurn(begin, end, plan) for begin, end in self.duty_hours(duty))

    def _rotation_turns(self, cell: str, role: str) -> Iterator[ScheduledTurn]:
        for rotation in self._community.rotations_at(cell, role):
            for turn in rotation_turns(rotation, self.since, self._until, self._tz):
                plan = Scheduled(turn.person, turn.rank, rotation.hazards, rotation=rotation.id, shift=turn.shift)
                yield ScheduledTurn(max(turn.begin, self.since), min(turn.end, self._until), plan)

    def _people_involved(self, rostered: Iterable[str]) -> list[str]:
        """The rostered people, and everybody who may work in place of one of them."""
        found: dict[str, None] = {}
        waiting = list(dict.fromkeys(rostered))
        while waiting:
            person = waiting.pop()
            if person not in found:
                found[person] = None
                overrides = self._community.overrides_of.get(person, ())
                waiting += [one.substitute for one in overrides if one.substitute is not None]
        return list(found)

    def _changes(self, people: Iterable[str]) -> Iterator[Instant]:
        """Instants at which an override or an absence of one of these people begins or ends."""
        for person in people:
            for override in self._community.overrides_of.get(person, ()):
                yield from (override.since, override.until)
            for hours in self.absences(person):
                yield from hours

    def _on_duty(
        self,
        active: Sequence[tuple[str, Callable[[Instant], Sequence[Scheduled]]]],
        role: str,
        at: Instant,
        hazard: str | None,
        people: Sequence[str],
    ) -> tuple[Assignment, ...]:
        absent = [name for name in people if any(begin <= at < end for begin, end in self.absences(name))]
        substitutes = Substitutes(self._community.overrides_of, absent, at)
        for node, scheduled_at in active:
            if found := resolve(self._community, node, role, scheduled_at(at), substitutes, hazard):
                return tuple(found)
        return ()


def duties_by_role(duties: Iterable[Duty]) -> dict[tuple[str, str], list[Duty]]:
    """The lines by cell and role, without absences."""
    found: dict[tuple[str, str], list[Duty]] = {}
    for duty in duties:
        if not duty.absent:
            found.setdefault((duty.cell, duty.role), []).append(duty)
    return found


def _active(turns: Sequence[ScheduledTurn]) -> Callable[[Instant], Sequence[Scheduled]]:
    """What is rostered at an instant; the instants of successive calls must not decrease."""
    waiting, running = iter(turns), list[ScheduledTurn]()
    following = next(waiting, None)

    def scheduled_at(at: Instant) -> Sequence[Scheduled]:
        nonlocal following, running
        while following is not None and following.begin <= at:
            running.append(following)
            following = next(waiting, None)
        running = [turn for turn in running if turn.end > at]
        return [turn.plan for turn in running]

    return scheduled_at
