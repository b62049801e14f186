"""The plan of an elder's day by seed: the same for the devices of the elder and for the water of the household."""

from __future__ import annotations

from datetime import date, datetime
from random import Random
from zoneinfo import ZoneInfo

from domain import Instant
from simulators.models.daily_life import DayKind, DayPlan, Habits, day_kind, habits_of, plan_day


def local_date(day: Instant, timezone: str) -> date:
    """The date of an instant."""
    return datetime.fromtimestamp(day / 1000, ZoneInfo(timezone)).date()


def kind_of_day(day: Instant, timezone: str) -> DayKind:
    """The kind of the day that begins at a local midnight."""
    return day_kind(local_date(day, timezone))


def elder_habits(person: str, seed: int) -> Habits:
    return habits_of(Random(f"{seed}/habits/{person}"))


def elder_plan(person: str, day: Instant, seed: int, kind: DayKind) -> DayPlan:
    """The plan of the day that begins at the local midnight `day`."""
    return plan_day(elder_habits(person, seed), kind, Random(f"{seed}/day/{person}/{day}"))
