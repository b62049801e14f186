"""Rosters of the tests: a street with a community and two grids, in local time of Shanghai."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain import Cell, DayType, Duty, Instant, Person
from domain.people import Community, community
from domain.rosters import DAY_MINUTES, Handover, Override, OverrideKind, Rotation, RotationLayer, Shift

TZ = ZoneInfo("Asia/Shanghai")
CELLS = [
    Cell("street", "街道", "street"),
    Cell("c", "枫林社区", "community", "street"),
    Cell("g1", "第一网格", "grid", "c"),
    Cell("g2", "第二网格", "grid", "c"),
]
PEOPLE = [Person(name, f"{name}师傅", "19900000001") for name in ("a", "b", "c", "d", "e")]
EARLY, MIDDLE, LATE = Shift("早", 480, 480), Shift("中", 960, 480), Shift("晚", 0, 480)


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026, zone: ZoneInfo = TZ) -> Instant:
    return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp() * 1000)


def site(*duties: Duty, rotations: Iterable[Rotation] = (), overrides: Iterable[Override] = ()) -> Community:
    return community((), CELLS, PEOPLE, duties, rotations=rotations, overrides=overrides)


def rotation(
    *layers: RotationLayer, cells: tuple[str, ...] = ("g1",), role: str = "worker", **fields: object
) -> Rotation:
    return Rotation("r", "三班倒", cells, role, layers, **fields)  # type: ignore[arg-type]


def layer(
    teams: Iterable[str],
    *shifts: Shift,
    rank: int = 0,
    start: date = date(2026, 11, 30),
    minute: int = 0,
    every: int = 1,
    weekday: int | None = None,
) -> RotationLayer:
    handover = Handover(start, minute, every, weekday)
    whole_day = (Shift("", minute, DAY_MINUTES),)
    return RotationLayer(rank, tuple(tuple(team) for team in teams), shifts or whole_day, handover)


def override(
    id: str,
    person: str,
    substitute: str | None,
    since: Instant,
    until: Instant,
    kind: OverrideKind = OverrideKind.COVER,
    **fields: object,
) -> Override:
    return Override(id, kind, person, since, until, substitute, **fields)  # type: ignore[arg-type]


WORKDAYS = (DayType.WORKDAY,)
