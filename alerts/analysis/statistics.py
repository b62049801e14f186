"""All figures of a period, from its facts. Definitions and their sources: docs/statistics.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.alert import ACTIVE_STATES, SETTLED_STATES, State
from alerts.analysis.alarm_load import AlarmLoad, alarm_load, chattering
from alerts.analysis.bad_actors import BadActor, BadActors, bad_actors
from alerts.analysis.durations import NOTHING_MEASURED, DurationSummary, Share, summarize_durations
from alerts.analysis.facts import CaseRecord, DeliveryCount, PeriodFacts
from domain import HOUR, MINUTE, Instant, Ledger

TAKE_WITHIN_MS: Final = MINUTE
"""The city's promise: a danger is taken within one minute (1分钟接单) ..."""
ARRIVE_WITHIN_MS: Final = 10 * MINUTE
"""... and somebody is on site within ten (10分钟到场)."""

_ACTIVE: Final = frozenset(state.value for state in ACTIVE_STATES)
_SETTLED: Final = frozenset(state.value for state in SETTLED_STATES)
_CLOSED: Final = State.CLOSED.value
_DANGER: Final = Ledger.DANGER.value


class GroupBy(StrEnum):
    """What cases are grouped by. Values are those of the API parameter `group`."""

    SEVERITY = "severity"
    HAZARD = "hazard"
    PLACE = "place"
    ROLE = "role"
    RULE = "rule"
    SOURCE = "source"
    LEDGER = "ledger"


class Period(Struct, frozen=True):
    """`since <= opened_at < until`; `now` limits what can already be judged late. `operators`: operator positions."""

    since: Instant
    until: Instant
    now: Instant
    zone: ZoneInfo
    operators: int = 1


class CaseFigures(Struct, frozen=True):
    """Cases and how they were handled. Rates are shares of the cases opened in the period."""

    opened: int = 0
    active: int = 0
    settled: int = 0
    closed: Share = Share()
    """结案率: closed of opened."""
    overdue: Share = Share()
    """Cases of which at least one deadline passed."""
    acknowledge: DurationSummary = NOTHING_MEASURED
    """From opening to the first acknowledgement (MTTA)."""
    arrive: DurationSummary = NOTHING_MEASURED
    resolve: DurationSummary = NOTHING_MEASURED
    """From opening until it was reported as dealt with (MTTR)."""
    taken_in_time: Share = Share()
    """Dangers taken within one minute."""
    on_site_in_time: Share = Share()
    """Dangers with somebody on site within ten minutes."""


class CaseGroup(Struct, frozen=True):
    """The figures of the cases with one value of the grouping; `key` is None where there is no value."""

    key: str | None
    figures: CaseFigures


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
    exercises: CaseFigures


GroupKey = Callable[[CaseRecord], str | None]

_GROUP_KEYS: Final[dict[GroupBy, GroupKey]] = {
    GroupBy.SEVERITY: lambda case: case.severity,
    GroupBy.HAZARD: lambda case: case.hazard,
    GroupBy.ROLE: lambda case: case.role,
    GroupBy.RULE: lambda case: case.rule,
    GroupBy.SOURCE: lambda case: case.source,
    GroupBy.LEDGER: lambda case: case.ledger,
}


def summarize(
    facts: PeriodFacts,
    period: Period,
    groups: Sequence[GroupBy] = (),
    area_of: Callable[[str | None], str | None] = lambda place: place,
) -> Statistics:
    """The statistics of a period; `area_of` gives the place under which a case is counted (group PLACE)."""
    cases = [case for case in facts.cases if not case.exercise]
    alarms = [finding.at for finding in facts.findings]
    keys: dict[GroupBy, GroupKey] = {**_GROUP_KEYS, GroupBy.PLACE: lambda case: area_of(case.place)}
    repeated = chattering(facts.findings)
    dispositions = Counter(case.disposition for case in cases if case.disposition is not None)
    return Statistics(
        cases=case_figures(cases, period.now),
        groups={group: _grouped(cases, keys[group], period.now) for group in groups},
        load=alarm_load(alarms, period.since, period.until, period.operators),
        stale=facts.stale,
        chattering=tuple(
            BadActor(f"{rule}/{device}", count, round(count / len(alarms), 4), 0, 0)
            for (rule, device), count in repeated.items()
        ),
        bad_actors=bad_actors(facts.findings),
        dispositions=dict(sorted(dispositions.items())),
        undecided=sum(case.disposition is None and case.state in _SETTLED for case in cases),
        deliveries=tuple(facts.deliveries),
        hours=hours_of_week((case.opened_at for case in cases), period.zone),
        exercises=case_figures([case for case in facts.cases if case.exercise], period.now),
    )


def case_figures(cases: Sequence[CaseRecord], now: Instant) -> CaseFigures:
    """Figures of these cases. A danger whose minute is not over yet counts neither as in time nor as late."""
    opened = len(cases)
    return CaseFigures(
        opened=opened,
        active=sum(case.state in _ACTIVE for case in cases),
        settled=sum(case.state in _SETTLED for case in cases),
        closed=Share(sum(case.state == _CLOSED for case in cases), opened),
        overdue=Share(sum(case.overdue > 0 for case in cases), opened),
        acknowledge=summarize_durations(_waits(cases, lambda case: case.acknowledged_at)),
        arrive=summarize_durations(_waits(cases, lambda case: case.arrived_at)),
        resolve=summarize_durations(_waits(cases, lambda case: case.resolved_at)),
        taken_in_time=_in_time(cases, lambda case: case.acknowledged_at, TAKE_WITHIN_MS, now),
        on_site_in_time=_in_time(cases, lambda case: case.arrived_at, ARRIVE_WITHIN_MS, now),
    )


def hours_of_week(instants: Iterable[Instant], zone: ZoneInfo) -> tuple[tuple[int, ...], ...]:
    """Counts by weekday (Monday first) and hour, in local time."""
    table = [[0] * 24 for _ in range(7)]
    for hour, count in Counter(at // HOUR for at in instants).items():
        # Zones with an offset of a fraction of an hour are counted in the hour in which the UTC hour begins.
        local = datetime.fromtimestamp(hour * HOUR / 1000, zone)
        table[local.weekday()][local.hour] += count
    return tuple(tuple(row) for row in table)


def _grouped(cases: Sequence[CaseRecord], key: GroupKey, now: Instant) -> tuple[CaseGroup, ...]:
    members: dict[str | None, list[CaseRecord]] = {}
    for case in cases:
        members.setdefault(key(case), []).append(case)
    ordered = sorted(members, key=lambda name: (-len(members[name]), name is None, name or ""))
    return tuple(CaseGroup(name, case_figures(members[name], now)) for name in ordered)


def _waits(cases: Sequence[CaseRecord], reached: Callable[[CaseRecord], Instant | None]) -> list[int]:
    return [at - case.opened_at for case in cases if (at := reached(case)) is not None]


def _in_time(
    cases: Sequence[CaseRecord], reached: Callable[[CaseRecord], Instant | None], limit_ms: int, now: Instant
) -> Share:
    """Dangers that reached a step within a time, of those that did or whose time is over."""
    count, total = 0, 0
    for case in cases:
        if case.ledger != _DANGER:
            continue
        at = reached(case)
        in_time = at is not None and at - case.opened_at <= limit_ms
        count += in_time
        total += in_time or now - case.opened_at > limit_ms
    return Share(count, total)
