"""The day of an elder at home: sleep, washing, meals, toilet, outings, visitors. Times are ms since local midnight.

A plan is a list of spans that follow one another without a gap from midnight to midnight. It begins and ends asleep,
so that the plans of two days fit together whatever their random numbers.

Older people rise and rest earlier than the young (Dittmar et al., Geriatrics 2024 9(4):102). Hours, probabilities and
durations are ours (unverified).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND
from domain.holidays import HOLIDAYS
from simulators.models.distributions import about


class Activity(StrEnum):
    """What a resident does."""

    SLEEP = "sleep"
    HOME = "home"
    """Awake at home: television, tidying, resting in a chair."""
    WASH = "wash"
    TOILET = "toilet"
    MEAL = "meal"
    """Cooking and eating."""
    BATH = "bath"
    OUT = "out"


class Span(Struct, frozen=True):
    """`activity` from `start` until `end`, excluded."""

    start: int
    end: int
    activity: Activity


class DayPlan(Struct, frozen=True):
    """`spans` without gaps from 0 to DAY; `door_openings` as pairs (opened, closed), in order of time."""

    wake: int
    bed: int
    spans: tuple[Span, ...]
    door_openings: tuple[tuple[int, int], ...]


class Habits(Struct, frozen=True):
    """The habits of one person: probabilities per day, and the mean number of visits to the toilet at night."""

    wake: int
    bed: int
    midday_sleep: float
    market: float
    afternoon_out: float
    evening_walk: float
    bath: float
    visitor: float
    night_visits: float
    vigour: float
    """Factor on the steps of this person: 1 is about 4,000 steps a day."""


class DayKind(Struct, frozen=True):
    """What of the calendar changes a day. `warmth` is -1 in the middle of January and 1 in the middle of July."""

    rest_day: bool
    holiday: bool
    warmth: float


_WARMTH_OF_MONTH: Final = (-1.0, -0.8, -0.4, 0.1, 0.5, 0.8, 1.0, 1.0, 0.6, 0.1, -0.4, -0.9)


def day_kind(day: date) -> DayKind:
    """The kind of a date of the calendar of mainland China.

    >>> day_kind(date(2026, 10, 1))
    DayKind(rest_day=True, holiday=True, warmth=0.1)
    """
    holiday = day in HOLIDAYS
    return DayKind(holiday or day.isoweekday() > 5, holiday, _WARMTH_OF_MONTH[day.month - 1])


def habits_of(random: Random) -> Habits:
    """The habits of a person, from random numbers of that person."""
    return Habits(
        wake=round(about(random, 6.2, 0.6) * HOUR),
        bed=round(min(max(about(random, 21.3, 0.6), 20.0), 22.9) * HOUR),
        midday_sleep=random.uniform(0.3, 0.9),
        market=random.uniform(0.55, 0.95),
        afternoon_out=random.uniform(0.2, 0.7),
        evening_walk=random.uniform(0.1, 0.6),
        bath=random.uniform(0.2, 0.7),
        visitor=random.uniform(0.1, 0.5),
        night_visits=random.uniform(0.4, 2.2),
        vigour=random.uniform(0.55, 1.5),
    )


def plan_day(habits: Habits, kind: DayKind, random: Random) -> DayPlan:
    """The plan of one day. The same random numbers give the same plan."""
    wake = min(max(habits.wake + round(about(random, 0.0, 18 * MINUTE)), 4 * HOUR), 8 * HOUR)
    bed = min(max(habits.bed + round(about(random, 0.0, 20 * MINUTE)), 20 * HOUR), 23 * HOUR + 30 * MINUTE)
    blocks = sorted(_blocks(habits, kind, wake, bed, random), key=lambda span: span.start)
    spans = _with_toilet_visits(_filled(blocks, wake, bed), habits, wake, bed, random)
    return DayPlan(wake, bed, tuple(spans), tuple(_door_openings(spans, habits, kind, random)))


def _blocks(habits: Habits, kind: DayKind, wake: int, bed: int, random: Random) -> Iterator[Span]:
    """What has its time, before gaps are filled. Heat, cold and holidays change how often people go out."""
    fair = 1.0 - 0.25 * abs(kind.warmth)
    yield _block(wake, 0, 10, random, Activity.WASH)
    yield _block(wake + 35 * MINUTE, 8, 25, random, Activity.MEAL)
    if random.random() < habits.market * fair:
        yield _block(8 * HOUR + 40 * MINUTE, 25, random.uniform(35, 110), random, Activity.OUT)
    yield _block(11 * HOUR + 20 * MINUTE, 12, 50, random, Activity.MEAL)
    if random.random() < habits.midday_sleep:
        yield _block(12 * HOUR + 45 * MINUTE, 12, random.uniform(35, 80), random, Activity.SLEEP)
    if random.random() < (habits.afternoon_out + 0.15 * kind.holiday) * fair:
        yield _block(15 * HOUR, 25, random.uniform(40, 110), random, Activity.OUT)
    yield _block(17 * HOUR + 40 * MINUTE, 12, 50, random, Activity.MEAL)
    if random.random() < habits.evening_walk * fair:
        yield _block(18 * HOUR + 55 * MINUTE, 10, random.uniform(25, 50), random, Activity.OUT)
    if random.random() < habits.bath + 0.2 * kind.warmth:
        yield _block(20 * HOUR - 10 * MINUTE, 5, random.uniform(12, 20), random, Activity.BATH)
    yield _block(bed - 12 * MINUTE, 0, 10, random, Activity.WASH)


def _block(start: float, spread_min: float, lasts_min: float, random: Random, activity: Activity) -> Span:
    begin = round(start + about(random, 0.0, spread_min * MINUTE)) if spread_min else round(start)
    return Span(begin, begin + round(lasts_min * MINUTE), activity)


def _filled(blocks: Sequence[Span], wake: int, bed: int) -> list[Span]:
    """The blocks one after another, what overlaps shortened, and the gaps filled: asleep outside wake and bed."""
    spans = [Span(0, wake, Activity.SLEEP)]
    cursor = wake
    for block in blocks:
        start, end = max(block.start, cursor), min(block.end, bed)
        if end - start < 2 * MINUTE:
            continue
        if start > cursor:
            spans.append(Span(cursor, start, Activity.HOME))
        spans.append(Span(start, end, block.activity))
        cursor = end
    if cursor < bed:
        spans.append(Span(cursor, bed, Activity.HOME))
    spans.append(Span(bed, DAY, Activity.SLEEP))
    return spans


def _with_toilet_visits(spans: list[Span], habits: Habits, wake: int, bed: int, random: Random) -> list[Span]:
    """Spans of sleep and rest split by visits to the toilet; a visit that falls into anything else is left out."""
    visits = sorted(_toilet_visits(habits, wake, bed, random))
    result: list[Span] = []
    for span in spans:
        start = span.start
        while visits and visits[0][0] < span.end:
            at, lasts = visits.pop(0)
            if span.activity in (Activity.SLEEP, Activity.HOME) and at > start and at + lasts < span.end:
                result += [Span(start, at, span.activity), Span(at, at + lasts, Activity.TOILET)]
                start = at + lasts
        result.append(Span(start, span.end, span.activity))
    return result


def _toilet_visits(habits: Habits, wake: int, bed: int, random: Random) -> Iterator[tuple[int, int]]:
    """Begin and length of every visit: after getting up, every two to four hours, and at night."""
    at = wake + 12 * MINUTE
    while at < bed:
        yield at, round(random.uniform(2.5, 7.0) * MINUTE)
        at += round(random.uniform(1.8, 3.8) * HOUR)
    for start, end in ((0, wake), (bed, DAY)):
        expected = habits.night_visits * (end - start) / (8.5 * HOUR)
        while random.random() < expected:
            yield start + round(random.random() * (end - start)), round(random.uniform(2.5, 6.0) * MINUTE)
            expected -= 1.0


def _door_openings(spans: Sequence[Span], habits: Habits, kind: DayKind, random: Random) -> list[tuple[int, int]]:
    """Leaving and returning open the door for some seconds; so do visitors, more of them on holidays."""
    at = [instant for span in spans if span.activity is Activity.OUT for instant in (span.start, span.end)]
    if random.random() < habits.visitor + 0.15 * kind.rest_day + 0.3 * kind.holiday:
        arrival = round(random.uniform(9.0, 18.0) * HOUR)
        visit = (arrival, arrival + round(random.uniform(10, 90) * MINUTE))
        if _activity_at(spans, arrival) is not Activity.OUT:
            at += [instant for instant in visit if all(abs(instant - other) > MINUTE for other in at)]
    return [(instant, instant + round(random.uniform(4, 25) * SECOND)) for instant in sorted(at)]


def _activity_at(spans: Sequence[Span], at: int) -> Activity:
    return next(span.activity for span in spans if span.start <= at < span.end)
