"""All figures of a period, from its facts. Definitions and their sources: docs/statistics.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.analysis.alarm_load import AlarmLoad, alarm_load, chattering
from alerts.analysis.bad_actors import BadActor, BadActors, bad_actors
from alerts.analysis.case_figures import CaseFigures, CaseGroup, CaseKey, CountedCases, GroupBy
from alerts.analysis.facts import DeliveryCount, PeriodFacts
from domain import HOUR, Instant


class Period(Struct, frozen=True):
    """`since <= opened_at < until`; `now` limits what can already be judged late. `operators`: operator positions."""

    since: Instant
    until: Instant
    now: Instant
    zone: ZoneInfo
    operators: int = 1


class Statistics(Struct, frozen=True):
    """The figures of a period. Exercises are in `exercises` only."""

    cases: CaseFigures
    groups: dict[GroupBy, tuple[CaseGroup, ...]]
    load: AlarmLoad
    stale: int
    chattering: tuple[BadActor, ...]
    bad_actors: BadActors
    dispositions: dict[str, int]
    undecided: int
    """Settled cases without a disposition."""
    deliveries: tuple[DeliveryCount, ...]
    hours: tuple[tuple[int, ...], ...]
    """Cases opened by weekday (Monday first) and local hour: seven rows of 24."""
    days: tuple[tuple[date, int], ...]
    """Cases opened on each local day of the period, also on days without any."""
    exercises: CaseFigures


KeyOf = Callable[[CaseKey], str | None]

_GROUP_KEYS: Final[dict[GroupBy, KeyOf]] = {
    GroupBy.SEVERITY: lambda key: key.severity,
    GroupBy.HAZARD: lambda key: key.hazard,
    GroupBy.PLACE: lambda key: key.area,
    GroupBy.ROLE: lambda key: key.role,
    GroupBy.RULE: lambda key: key.rule,
    GroupBy.SOURCE: lambda key: key.source,
    GroupBy.LEDGER: lambda key: key.ledger,
}


def summarize(
    facts: PeriodFacts,
    period: Period,
    groups: Sequence[GroupBy] = (),
    area_of: Callable[[str | None], str | None] = lambda _place: None,
) -> Statistics:
    """The statistics of a period; `area_of` gives the place under which a case is counted (group PLACE)."""
    cases = CountedCases(facts.cases, area_of)
    alarms = [finding.at for finding in facts.findings]
    hours = Counter(case.opened_at // HOUR for case in facts.cases if not case.exercise)
    return Statistics(
        cases=cases.figures(period.now, exercise=False),
        groups={group: cases.grouped(_GROUP_KEYS[group], period.now) for group in groups},
        load=alarm_load(alarms, period.since, period.until, period.operators),
        stale=facts.stale,
        chattering=tuple(
            BadActor(f"{rule}/{device}", count, round(count / len(alarms), 4), 0, 0)
            for (rule, device), count in chattering(facts.findings).items()
        ),
        bad_actors=bad_actors(facts.findings),
        dispositions=cases.dispositions(),
        undecided=cases.undecided(),
        deliveries=tuple(facts.deliveries),
        hours=hours_of_week(hours, period.zone),
        days=days_of_period(hours, period),
        exercises=cases.figures(period.now, exercise=True),
    )


def hours_of_week(hours: Counter[int], zone: ZoneInfo) -> tuple[tuple[int, ...], ...]:
    """Counts by weekday (Monday first) and local hour, from counts by hour since 1970 (UTC).

    In a zone whose offset has a fraction of an hour, a UTC hour counts in the local hour in which it begins.
    """
    table = [[0] * 24 for _ in range(7)]
    for local, count in _local_hours(hours, zone):
        table[local.weekday()][local.hour] += count
    return tuple(tuple(row) for row in table)


def days_of_period(hours: Counter[int], period: Period) -> tuple[tuple[date, int], ...]:
    """Counts by local day, from the first day of the period to the last."""
    counts: Counter[date] = Counter()
    for local, count in _local_hours(hours, period.zone):
        counts[local.date()] += count
    first, last = (datetime.fromtimestamp(at / 1000, period.zone).date() for at in (period.since, period.until - 1))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple((day, counts[day]) for day in days)


def _local_hours(hours: Counter[int], zone: ZoneInfo) -> Iterable[tuple[datetime, int]]:
    return ((datetime.fromtimestamp(hour * HOUR / 1000, zone), count) for hour, count in hours.items())
