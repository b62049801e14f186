"""Kinds of incidents at water meters and leak detectors: how water flows in them, how long, and by when to be told.

Sources of the deadlines. A meter reports its leak flag after 24 hours without an idle hour (domain facts B.4) and
uploads once a day, before six in the morning: `leak_deadline`. A burst flag needs 30 minutes of flow and is uploaded at
once; a quarter of an hour later someone has to know. A leak detector reports at once: five minutes. Magnets and
backflow are work for the maintenance contractor, who is told in his working hours (from eight o'clock, as in the
ladders of low severity): by nine o'clock of the morning after the next upload. What residents report of a burst main:
half an hour. The rates and durations are ours (unverified); a running cistern is tens of litres an hour (B.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, Instant
from simulators.models.water_meter import BURST_AFTER_MS

LAST_UPLOAD_MS: Final = 6 * HOUR
"""After midnight: by then every meter has uploaded the day before."""


_WORK_BEGAN_MS: Final = 9 * HOUR
"""After midnight: an hour after the maintenance contractor's day began."""


class Effect(StrEnum):
    """What an incident changes."""

    FLOW = "flow"
    """Water flows out of a hole, more at a higher pressure."""
    DRAW = "draw"
    """Somebody draws it: independent of pressure."""
    NOT_COUNTED = "not_counted"
    """The meter does not count what is drawn."""
    NOT_DRAWN = "not_drawn"
    """There is no water."""
    NONE = "none"
    MAIN = "main"
    """The main burst: EPANET says what every building still gets."""
    WET = "wet"
    """A leak detector is wet."""


class Deadline(StrEnum):
    """How `notify_by` follows from the begin."""

    NEVER = "never"
    """A nuisance."""
    LEAK_FLAG = "leak_flag"
    BURST_FLAG = "burst_flag"
    AT_ONCE = "at_once"
    NEXT_MORNING = "next_morning"
    REPORT = "report"


class IncidentKind(Struct, frozen=True):
    """One kind. Ranges are inclusive; `from_hour` is the local hour of the begin. `litres_h` at 25 m of head."""

    name: str
    title: str
    effect: Effect
    deadline: Deadline
    hours: tuple[float, float]
    from_hour: tuple[float, float] = (0.0, 23.9)
    litres_h: tuple[float, float] = (0.0, 0.0)
    months: frozenset[int] = frozenset(range(1, 13))
    flag: str = ""
    """The bit that the meter uploads at once, and again when it clears."""
    device_kind: str = "water_meter"
    delay_h: float = 0.0
    """From the begin until water flows."""


WINTER: Final = frozenset({12, 1, 2})
KINDS: Final[Mapping[str, IncidentKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            IncidentKind("toilet_leak", "马桶长流水", Effect.FLOW, Deadline.LEAK_FLAG, (60, 96), litres_h=(15, 45)),
            IncidentKind("pinhole_leak", "暗管渗漏", Effect.FLOW, Deadline.LEAK_FLAG, (72, 110), litres_h=(5, 14)),
            IncidentKind(
                "household_burst", "夜间爆管", Effect.FLOW, Deadline.BURST_FLAG, (2, 5), (22.5, 23.9), (900, 2200),
                flag="burst",
            ),
            IncidentKind(
                "daytime_burst", "户内爆管", Effect.FLOW, Deadline.BURST_FLAG, (1.2, 3), (8, 18), (800, 1800),
                flag="burst",
            ),
            IncidentKind(
                "freeze_burst", "水表冻裂", Effect.FLOW, Deadline.BURST_FLAG, (13, 15), (21.5, 22.5), (700, 1800),
                WINTER, flag="burst", delay_h=11.0,
            ),
            IncidentKind("backflow", "水倒流", Effect.NONE, Deadline.NEXT_MORNING, (2, 6), flag="backflow"),
            IncidentKind(
                "magnetic_tamper", "水表受磁扰", Effect.NOT_COUNTED, Deadline.NEXT_MORNING, (6, 20),
                flag="magnetic_tamper",
            ),
            IncidentKind("main_burst", "主管爆管", Effect.MAIN, Deadline.REPORT, (3, 7), (8, 18)),
            IncidentKind("leak_found", "水浸", Effect.WET, Deadline.AT_ONCE, (0.5, 4), device_kind="water_leak"),
            IncidentKind(
                "mopping", "拖地沾湿", Effect.WET, Deadline.NEVER, (0.04, 0.2), (8, 19), device_kind="water_leak"
            ),
            IncidentKind("big_cleaning", "大扫除", Effect.DRAW, Deadline.NEVER, (0.3, 0.45), (8, 18), (300, 450)),
            IncidentKind(
                "pool_filling", "浴缸泳池注水", Effect.DRAW, Deadline.NEVER, (0.7, 1.2), (9, 20), (550, 700),
                flag="burst",
            ),
            IncidentKind("night_guests", "夜间来客", Effect.DRAW, Deadline.NEVER, (3.0, 3.8), (1.8, 2.0), (40, 70)),
            IncidentKind("planned_shutoff", "计划停水", Effect.NOT_DRAWN, Deadline.NEVER, (4, 8), (8, 10)),
        )
    }
)  # fmt: skip


def notify_by(kind: IncidentKind, begin: Instant, midnight: Instant, *, hourly: bool) -> Instant | None:
    """By when someone has to be told. `midnight` is that of the day of the begin, `hourly` how the meter reports.

    >>> notify_by(KINDS["leak_found"], 0, 0, hourly=False) == 5 * MINUTE
    True
    """
    match kind.deadline:
        case Deadline.NEVER:
            return None
        case Deadline.LEAK_FLAG:
            return leak_deadline(begin, midnight, hourly=hourly)
        case Deadline.BURST_FLAG:
            return begin + round(kind.delay_h * HOUR) + BURST_AFTER_MS + 15 * MINUTE
        case Deadline.AT_ONCE:
            return begin + 5 * MINUTE
        case Deadline.NEXT_MORNING:
            return midnight + DAY + _WORK_BEGAN_MS
        case Deadline.REPORT:
            return begin + 50 * MINUTE


def leak_deadline(begin: Instant, midnight: Instant, *, hourly: bool) -> Instant:
    """When the meter has seen 24 hours of the leak and uploaded it, and an hour more."""
    if hourly:
        return begin + DAY + 2 * HOUR
    return midnight + 2 * DAY + LAST_UPLOAD_MS + HOUR
