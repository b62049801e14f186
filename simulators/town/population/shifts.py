"""Rotations of a town's staff: who works which day and night. Sources of the figures: docs/town.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from domain import DayType
from domain.rosters import Handover, Rotation, RotationLayer, Shift

DAY: Final = (8 * 60, 20 * 60)
NIGHT: Final = (20 * 60, 8 * 60)
HALF_DAY: Final = 12 * 60
ROTATION_START: Final = date(2026, 1, 1)
GRIDS_PER_AREA: Final = 4
"""Grids whose workers take turns at night, at most."""
_BY_DAY: Final = Shift("日", DAY[0], HALF_DAY)
_BY_NIGHT: Final = Shift("夜", NIGHT[0], HALF_DAY)
_ON_REST_DAYS: Final = Shift("休日", DAY[0], HALF_DAY, days=(DayType.REST_DAY,))
_WHOLE_DAY: Final = Shift("全天", DAY[0], 2 * HALF_DAY)
_OUT_OF_OFFICE: Final = (
    Shift("休日", 9 * 60, 24 * 60, days=(DayType.REST_DAY,)),
    Shift("夜", 18 * 60, 15 * 60, days=(DayType.WORKDAY,)),
)

Team = Sequence[str]


def watch(cell: str, name: str, role: str, team: Team, rank: int = 0) -> Rotation:
    """Two shifts of twelve hours around the clock: each person works a day, then a night, and rests on the others."""
    layer = _layer(team, (_BY_DAY, _BY_NIGHT), _BY_DAY, rank)
    return Rotation(f"{cell}-watch" if not rank else f"{cell}-{role}-second", name, (cell,), role, (layer,))


def post(id_: str, cells: Sequence[str], name: str, role: str, team: Team, *, rank: int = 0) -> Rotation:
    """One person at any hour, in two shifts of twelve hours as `watch`, for some cells."""
    return Rotation(id_, name, tuple(cells), role, (_layer(team, (_BY_DAY, _BY_NIGHT), _BY_DAY, rank),))


def on_call(id_: str, cell: str, name: str, role: str, team: Team) -> Rotation:
    """One person a day from nine to nine: after office hours, and all of a rest day."""
    return Rotation(id_, name, (cell,), role, (_layer(team, _OUT_OF_OFFICE, _OUT_OF_OFFICE[0], 0),))


def daily(cell: str, name: str, role: str, first: Team, second: Team) -> Rotation:
    """One person a day for 24 hours, and one who leads: as government offices are on duty."""
    layers = (_layer(first, (_WHOLE_DAY,), _WHOLE_DAY, 0), _layer(second, (_WHOLE_DAY,), _WHOLE_DAY, 1))
    return Rotation(f"{cell}-{role}", name, (cell,), role, layers)


def grid_days(cell: str, micro_grids: Sequence[str], name: str, team: Team) -> Iterator[Rotation]:
    """A grid by day: one of its workers on duty, the one of tomorrow as deputy. In micro-grids, where a part-time
    worker is called first, they are the deputies."""
    first, second = _by_day(team, 0), _by_day([*team[1:], *team[:1]], 1)
    yield Rotation(f"{cell}-day", f"{name}日班", (cell,), "worker", (first, second))
    if micro_grids:
        yield Rotation(f"{cell}-micro", f"{name}微网格日班", tuple(micro_grids), "worker", (_by_day(team, 1),))


def area_nights(number: int, tag: str, cells: Sequence[str], teams: Sequence[Team]) -> Rotation:
    """The nights of neighbouring grids, by turns: one worker for all of them, and a second one of another grid.

    Who works a night had the day shift the day before, and rests on the day after it.
    """
    members = len(teams[0])
    turns = range(members * len(teams))
    first = [teams[turn // members][(turn - 1) % members] for turn in turns]
    second = [teams[(turn // members + 1) % len(teams)][(turn - 1) % members] for turn in turns]
    layers = (_by_night(first, 0), _by_night(second if len(teams) > 1 else first[1:] + first[:1], 1))
    return Rotation(f"night{tag}-{number}", f"{number}片夜班", tuple(cells), "worker", layers)


def area_leads(number: int, tag: str, cells: Sequence[str], leads: Team) -> Rotation:
    """The leads of neighbouring grids: one of them leads the night and the rest day, the next one is the deputy of
    every lead."""
    deputies = [*leads[1:], *leads[:1]]
    rest = _layer(leads, (_ON_REST_DAYS,), _ON_REST_DAYS, 0)
    layers = (_by_night(leads, 0), rest, _layer(deputies, (_WHOLE_DAY,), _WHOLE_DAY, 1))
    return Rotation(f"leads{tag}-{number}", f"{number}片带班", tuple(cells), "lead", layers)


def areas(grids: int) -> Iterator[range]:
    """Grids from 0, divided into areas of nearly the same size.

    >>> [list(area) for area in areas(13)]
    [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
    """
    count = -(-grids // GRIDS_PER_AREA)
    begin = 0
    for number in range(count):
        end = begin + (grids - begin + count - number - 1) // (count - number)
        yield range(begin, end)
        begin = end


def _by_day(team: Team, rank: int) -> RotationLayer:
    return _layer(team, (_BY_DAY,), _BY_DAY, rank)


def _by_night(team: Team, rank: int) -> RotationLayer:
    return _layer(team, (_BY_NIGHT,), _BY_NIGHT, rank)


def _layer(team: Team, shifts: tuple[Shift, ...], first: Shift, rank: int) -> RotationLayer:
    """Persons who change every day, when the first shift begins."""
    handover = Handover(ROTATION_START, first.from_minute, 1)
    return RotationLayer(rank, tuple((person,) for person in team), shifts, handover)
