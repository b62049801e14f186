"""The day of an elder."""

from __future__ import annotations

import doctest
from datetime import date
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

import simulators.models.daily_life
from domain import DAY, HOUR
from simulators.models.daily_life import Activity, DayKind, DayPlan, day_kind, habits_of, plan_day
from tests.support.long_form import examples

ORDINARY = DayKind(rest_day=False, holiday=False, warmth=0.1)


def plan_of(seed: int, kind: DayKind = ORDINARY) -> DayPlan:
    return plan_day(habits_of(Random(f"habits/{seed}")), kind, Random(f"day/{seed}"))


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.daily_life).failed == 0


@settings(max_examples=examples(150, short=50), deadline=None)
@given(st.integers(min_value=0), st.floats(-1.0, 1.0), st.booleans())
def test_a_day_has_no_gap_and_begins_and_ends_asleep(seed: int, warmth: float, holiday: bool) -> None:
    plan = plan_of(seed, DayKind(holiday, holiday, warmth))
    assert (plan.spans[0].start, plan.spans[-1].end) == (0, DAY)
    assert plan.spans[0].activity is plan.spans[-1].activity is Activity.SLEEP
    assert all(before.end == after.start for before, after in pairwise(plan.spans))
    assert all(span.start < span.end for span in plan.spans)
    assert 4 * HOUR <= plan.wake <= 8 * HOUR
    assert 20 * HOUR <= plan.bed < DAY


@settings(max_examples=examples(100, short=40), deadline=None)
@given(st.integers(min_value=0))
def test_the_door_opens_whenever_the_elder_leaves_or_returns_and_never_twice_at_once(seed: int) -> None:
    plan = plan_of(seed)
    opened = {opening for opening, _ in plan.door_openings}
    outings = [span for span in plan.spans if span.activity is Activity.OUT]
    assert {span.start for span in outings} <= opened
    assert all(before[1] < after[0] for before, after in pairwise(plan.door_openings))


def test_over_many_days_an_elder_sleeps_eight_hours_and_goes_out_about_twice() -> None:
    plans = [plan_of(seed) for seed in range(300)]
    asleep = sum(span.end - span.start for plan in plans for span in plan.spans if span.activity is Activity.SLEEP)
    outings = sum(span.activity is Activity.OUT for plan in plans for span in plan.spans)
    assert 8.0 < asleep / len(plans) / HOUR < 10.5
    assert 0.8 < outings / len(plans) < 2.2
    assert all(any(span.activity is Activity.TOILET for span in plan.spans) for plan in plans)


def test_seasons_and_holidays_change_a_day() -> None:
    assert day_kind(date(2026, 7, 15)) == DayKind(rest_day=False, holiday=False, warmth=1.0)
    assert day_kind(date(2026, 2, 17)).holiday
    assert day_kind(date(2026, 11, 28)).rest_day
    visited = [len(plan_of(seed, DayKind(True, True, 0.1)).door_openings) for seed in range(200)]
    assert sum(visited) > sum(len(plan_of(seed).door_openings) for seed in range(200))
