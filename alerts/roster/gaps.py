"""Gaps of a roster: hours that it plans for somebody, in which nobody of the role is on duty for the cell.

Planned are the hours of the lines and rotations without an end. A cell and role with dated lines only (a roster
written month by month) is rostered beyond the last of them too: when the next month is not written, that is a gap.
Hours for which nobody was ever rostered are not: a role that works by day is not missing at night.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from alerts.roster.on_duty import responsible_cells
from alerts.roster.schedule import Interval, RosterSchedule, ScheduledTurn, duties_by_role
from domain import DAY, Duty, Instant
from domain.people import Community
from domain.places import self_and_ancestors
from domain.rosters import HORIZON_MS, Override

ENDED_RECENTLY_MS: Final = 14 * DAY
"""For so long after its end a dated line counts as rostered; then its cell and role are no longer on the roster."""

COMMUNITY_LEVELS: Final = frozenset({"community", "社区", "村", "village"})


class MissingPerson(Struct, frozen=True, order=True):
    """A person who was rostered for a gap; `override` says why he does not work, None for an absence."""

    person: str
    override: Override | None = None


class RosterGap(Struct, frozen=True):
    """Hours [begin, end) in which nobody works for a cell in a role. `missing` is empty where the roster ends.

    `hazards` are set when only the people for these hazards are missing and no general line takes their place.
    """

    cell: str
    role: str
    begin: Instant
    end: Instant
    missing: tuple[MissingPerson, ...] = ()
    hazards: tuple[str, ...] = ()


def roster_gaps(
    community: Community,
    now: Instant,
    tz: ZoneInfo,
    until: Instant | None = None,
    cells: Collection[str] | None = None,
) -> list[RosterGap]:
    """The gaps from now to `until` (default: the horizon), by cell and role; with `cells` of these only."""
    until = now + HORIZON_MS if until is None else until
    return gaps_of_schedule(RosterSchedule(community, now, until, tz), community, now, until, tz, cells)


def gaps_of_schedule(
    schedule: RosterSchedule,
    community: Community,
    now: Instant,
    until: Instant,
    tz: ZoneInfo,
    cells: Collection[str] | None = None,
) -> list[RosterGap]:
    """The gaps of a schedule that was computed from `now` to `until`."""
    gaps = RosterGaps(schedule, community, now, until, tz)
    return [
        gap
        for cell, role in _rostered(community, schedule)
        if cells is None or cell in cells
        for gap in gaps.of(cell, role)
    ]


class RosterGaps:
    """The gaps of a schedule that was computed from `now` to `until`, each cell and role at the first question."""

    def __init__(
        self, schedule: RosterSchedule, community: Community, now: Instant, until: Instant, tz: ZoneInfo
    ) -> None:
        self._schedule, self._found = schedule, dict[tuple[str, str], list[RosterGap]]()
        self._endless = RosterSchedule(_without_ends(community, now), now, until, tz)

    def of(self, cell: str, role: str) -> Sequence[RosterGap]:
        """The gaps of a cell itself in a role; none without a line or rotation of its own."""
        if (cell, role) not in self._found:
            schedule = self._endless if self._schedule.has_end(cell, role) else self._schedule
            rostered = schedule.scheduled(cell, role)
            self._found[cell, role] = [
                gap
                for hazard in dict.fromkeys(turn.plan.hazards for turn in rostered)
                for gap in _gaps_of(
                    self._schedule, cell, role, [turn for turn in rostered if turn.plan.hazards == hazard], hazard
                )
            ]
        return self._found[cell, role]


def _rostered(community: Community, schedule: RosterSchedule) -> list[tuple[str, str]]:
    """Cells and roles with a line or rotation, of cells that exist."""
    return sorted(key for key in schedule.roles if key[0] in community.cells)


def _gaps_of(
    schedule: RosterSchedule, cell: str, role: str, rostered: Sequence[ScheduledTurn], hazards: tuple[str, ...]
) -> Iterator[RosterGap]:
    wanted = _union((turn.begin, turn.end) for turn in rostered)
    empty = [
        (part.begin, part.end)
        for part in schedule.segments(cell, role, hazards[0] if hazards else "")
        if not part.people
    ]
    for begin, end in _common(wanted, empty):
        missing = {
            _missing(schedule, turn, max(begin, turn.begin))
            for turn in schedule.scheduled(cell, role)
            if turn.plan.hazards == hazards and turn.begin < end and turn.end > begin
        }
        yield RosterGap(cell, role, begin, end, tuple(sorted(missing, key=lambda one: one.person)), hazards)


def _missing(schedule: RosterSchedule, turn: ScheduledTurn, at: Instant) -> MissingPerson:
    held = [one for one in schedule.overrides(turn.plan.person) if one.since <= at < one.until]
    latest = max(held, key=lambda one: (one.made_at, one.id), default=None)
    return MissingPerson(turn.plan.person, latest)


def _without_ends(community: Community, now: Instant) -> Community:
    """The community with the rostered hours: see the module."""
    in_rotation = {
        (cell, rotation.role) for rotation in community.rotations if rotation.until is None for cell in rotation.cells
    }
    duties: list[Duty] = []
    for key, lines in duties_by_role(community.duties).items():
        endless = [duty for duty in lines if duty.until is None]
        if not endless and key not in in_rotation:
            recent = [duty for duty in lines if duty.until is None or duty.until > now - ENDED_RECENTLY_MS]
            endless = [replace(duty, until=None) for duty in recent]
        duties += endless
    endless_rotations = tuple(
        rotation
        if rotation.until is None
        else replace(rotation, until=None if rotation.until > now - ENDED_RECENTLY_MS else rotation.until)
        for rotation in community.rotations
    )
    return replace(community, duties=tuple(duties), rotations=endless_rotations)


def gaps_for_cell(
    community: Community, gaps: Iterable[RosterGap], cell: str, role: str, empty: Sequence[Interval]
) -> Iterator[RosterGap]:
    """The gaps of a cell and of those above it, in the hours in which the cell has nobody. Hours that a nearer cell
    shows are not shown twice; a gap for one hazard covers only gaps for the same."""
    chain = responsible_cells(community, cell)
    own = [gap for gap in gaps if gap.role == role and gap.cell in chain]
    covered: list[tuple[Instant, Instant, tuple[str, ...]]] = []
    for gap in sorted(own, key=lambda one: chain.index(one.cell)):
        hours = [(gap.begin, gap.end)] if gap.hazards else list(_common([(gap.begin, gap.end)], empty))
        for begin, end in hours:
            hiding = [(first, last) for first, last, hazards in covered if hazards in ((), gap.hazards)]
            if not any(first <= begin and end <= last for first, last in hiding):
                covered.append((begin, end, gap.hazards))
                yield replace(gap, begin=begin, end=end)


def _union(spans: Iterable[Interval]) -> list[Interval]:
    """Spans joined where they overlap or touch, in order."""
    joined: list[Interval] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _common(wanted: Sequence[Interval], empty: Sequence[Interval]) -> Iterator[Interval]:
    """The hours that are in both lists of disjoint spans."""
    remaining = list(empty)
    for begin, end in wanted:
        for first, last in remaining:
            if first < end and last > begin:
                yield max(begin, first), min(end, last)


def by_community(community: Community, gaps: Iterable[RosterGap]) -> dict[str, list[RosterGap]]:
    """Gaps by the community (社区) of their cell: the nearest cell above it of that level, else its outermost cell."""

    def home(gap: RosterGap) -> str:
        path = list(self_and_ancestors(community.cells, gap.cell))
        return next((cell.id for cell in path if cell.level in COMMUNITY_LEVELS), path[-1].id)

    ordered = sorted(gaps, key=home)
    return {cell: list(held) for cell, held in groupby(ordered, key=home)}
