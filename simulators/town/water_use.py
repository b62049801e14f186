"""The water that a household uses on one day: intervals with litres. Deterministic by seed, household and day.

Litres of one use: a flush 6 to 9 (one flush of about 10 l is the 0.01 m³ of the welfare rules, domain facts B.4),
washing 1 to 4, cooking and dishes 6 to 14, a shower 35 to 60, laundry 60 to 90. An elder alone comes to 60 to 130 l a
day: pysimdeum has 63 l for a senior (Dutch statistics), Chinese planning norms 100 to 140 l for a resident of Sichuan
(GB/T 50331, unverified). Flows of taps are ours (unverified).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Instant
from simulators.events import Incident
from simulators.models.daily_life import Activity, DayKind, Span
from simulators.models.distributions import about
from simulators.town.elder_plans import elder_plan, kind_of_day
from simulators.town.town import Household, Town

USES_NO_WATER: Final = frozenset(
    {"fall_hard", "fall_soft", "fall_toilet_night", "no_activity", "no_water_used", "away_unregistered", "wandering"}
)
"""Kinds of incidents during which the people concerned draw no water."""
_LITRES_PER_SECOND: Final = {"flush": 0.12, "tap": 0.10, "shower": 0.14, "laundry": 0.15}


class WaterUse(Struct, frozen=True):
    """`litres` drawn evenly from `begin` until `end`."""

    begin: Instant
    end: Instant
    litres: float


def water_use(
    town: Town, household: Household, day: Instant, seed: int, incidents: Sequence[Incident] = ()
) -> tuple[WaterUse, ...]:
    """What the household draws on the day that begins at the local midnight `day`, in order of `begin`.

    Two uses may overlap. Nothing is drawn by a person who lies on the floor, does not get up or is away: give the
    incidents of the town, those of other households are ignored.
    """
    kind = kind_of_day(day, town.timezone)
    inactive = _inactive(household, incidents)
    uses: list[WaterUse] = []
    for resident in household.residents:
        random = Random(f"{seed}/water/{resident}/{day}")
        drawn = _uses_of_resident(household, resident, day, seed, kind, random)
        spans = inactive.get(resident, ())
        uses += [use for use in drawn if not any(begin <= use.begin < end for begin, end in spans)]
    if not inactive:
        uses += _laundry(household, day, kind, Random(f"{seed}/laundry/{household.place}/{day}"))
    uses.sort(key=lambda use: use.begin)
    return tuple(uses)


def _inactive(household: Household, incidents: Sequence[Incident]) -> dict[str, list[tuple[Instant, Instant]]]:
    result: dict[str, list[tuple[Instant, Instant]]] = {}
    for incident in incidents:
        if incident.kind in USES_NO_WATER:
            for person in incident.people:
                if person in household.residents:
                    result.setdefault(person, []).append((incident.begin, incident.end))
    return result


def _uses_of_resident(
    household: Household, resident: str, day: Instant, seed: int, kind: DayKind, random: Random
) -> Iterator[WaterUse]:
    if household.has_elder_alone:
        spans: Sequence[Span] = elder_plan(resident, day, seed, kind).spans
        cooks = True
    else:
        spans = list(_spans_of_adult(kind, random))
        cooks = resident == household.residents[0]
    for span in spans:
        yield from _uses_of_span(span, day, cooks, random)


def _uses_of_span(span: Span, day: Instant, cooks: bool, random: Random) -> Iterator[WaterUse]:
    begin = day + span.start
    if span.activity is Activity.TOILET:
        flush = day + span.end - 60 * SECOND
        yield _use(flush, random.uniform(6.0, 9.0), "flush")
        yield _use(flush + 20 * SECOND, random.uniform(0.5, 1.5), "tap")
    elif span.activity is Activity.WASH:
        yield _use(begin + MINUTE, random.uniform(1.5, 4.0), "tap")
    elif span.activity is Activity.MEAL and cooks:
        yield _use(begin + 2 * MINUTE, random.uniform(2.0, 5.0), "tap")
        yield _use(day + span.end - 8 * MINUTE, random.uniform(4.0, 9.0), "tap")
    elif span.activity is Activity.BATH:
        yield _use(begin + 2 * MINUTE, random.uniform(35.0, 60.0), "shower")
    elif span.activity is Activity.HOME and random.random() < 0.4:
        yield _use(begin + round(random.random() * (span.end - span.start)), random.uniform(0.3, 2.0), "tap")


def _use(begin: Instant, litres: float, fixture: str) -> WaterUse:
    return WaterUse(begin, begin + round(litres / _LITRES_PER_SECOND[fixture] * SECOND), round(litres, 2))


def _spans_of_adult(kind: DayKind, random: Random) -> Iterator[Span]:
    """What of the day of a younger resident draws water: out at work on workdays, up later and longer on others."""
    wake = round(about(random, 8.2 if kind.rest_day else 6.8, 0.6) * HOUR)
    bed = round(min(about(random, 23.0, 0.5), 23.9) * HOUR)
    out_from, out_until = wake + 70 * MINUTE, round(about(random, 18.2, 0.7) * HOUR)
    at_work = random.random() < (0.3 if kind.rest_day else 0.85)
    yield Span(wake, wake + 10 * MINUTE, Activity.WASH)
    for meal in (wake + 25 * MINUTE, 12 * HOUR, round(about(random, 18.8, 0.4) * HOUR)):
        if not (at_work and out_from < meal < out_until):
            yield Span(meal, meal + 45 * MINUTE, Activity.MEAL)
    at = wake + 5 * MINUTE
    while at < bed:
        if not (at_work and out_from < at < out_until):
            yield Span(at, at + 4 * MINUTE, Activity.TOILET)
        at += round(random.uniform(2.0, 4.0) * HOUR)
    if random.random() < 0.55 + 0.35 * kind.warmth:
        begin = round(about(random, 21.3, 0.7) * HOUR)
        yield Span(begin, begin + 15 * MINUTE, Activity.BATH)
    yield Span(bed - 15 * MINUTE, bed - 5 * MINUTE, Activity.WASH)


def _laundry(household: Household, day: Instant, kind: DayKind, random: Random) -> Iterator[WaterUse]:
    """A washing machine: about twice a week, more often in larger households and on days off."""
    people = len(household.residents)
    if people and random.random() < min(0.15 + 0.1 * people + 0.1 * kind.rest_day, 0.8):
        begin = day + round(random.uniform(8.5, 20.0) * HOUR)
        for part, litres in enumerate((30.0, 25.0, 25.0)):
            yield _use(
                min(begin + part * 14 * MINUTE, day + DAY - 10 * MINUTE), litres + random.uniform(-5, 5), "laundry"
            )
