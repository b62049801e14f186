"""Figures of cases, alone and in groups. A case is counted once, with those that have the same keys; groups add these
counts up, so that seven groupings cost little more than one. Pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import cache
from itertools import chain
from typing import Final

from msgspec import Struct

from alerts.alert import ACTIVE_STATES, SETTLED_STATES, State
from alerts.analysis.durations import NOTHING_MEASURED, DurationSummary, Share, summarize_sorted
from alerts.analysis.facts import CaseRecord
from domain import MINUTE, Instant, Ledger

TAKE_WITHIN_MS: Final = MINUTE
"""The city's limit: a danger is taken within one minute (1分钟接单) ..."""
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
    """Dangers taken within one minute. One whose minute is not over yet is counted neither as in time nor as late."""
    on_site_in_time: Share = Share()
    """Dangers with somebody on site within ten minutes."""


class CaseGroup(Struct, frozen=True):
    """The figures of the cases with one value of the grouping; `key` is None where there is no value."""

    key: str | None
    figures: CaseFigures


class CaseKey(Struct, frozen=True):
    """Everything that figures distinguish about a case."""

    severity: str
    ledger: str
    hazard: str
    rule: str
    area: str | None
    """The place under which it is counted."""
    state: str
    disposition: str | None
    exercise: bool
    source: str
    role: str | None


class _Counts:
    """Cases with the same key. Mutable while they are counted."""

    __slots__ = ("acknowledge_ms", "arrive_ms", "not_on_site", "opened", "overdue", "resolve_ms", "untaken")

    def __init__(self) -> None:
        self.opened = self.overdue = 0
        self.acknowledge_ms: list[int] = []
        self.arrive_ms: list[int] = []
        self.resolve_ms: list[int] = []
        self.untaken: list[Instant] = []
        """When those were opened that nobody has acknowledged, in ascending order once all are counted."""
        self.not_on_site: list[Instant] = []


class CountedCases:
    """The cases of a period, counted by key; `area_of` gives the place under which a case is counted."""

    def __init__(self, cases: Iterable[CaseRecord], area_of: Callable[[str | None], str | None]) -> None:
        counts: dict[tuple[str | bool | None, ...], _Counts] = {}
        area_of = cache(area_of)
        for case in cases:
            key = (
                *(
                    case.severity,
                    case.ledger,
                    case.hazard,
                    case.rule,
                    area_of(case.place),
                    case.state,
                    case.disposition,
                ),
                *(case.exercise, case.source, case.role),
            )
            found = counts.get(key)
            if found is None:
                found = counts[key] = _Counts()
            _count(found, case)
        for found in counts.values():
            found.untaken.sort()
            found.not_on_site.sort()
        self._counts = {CaseKey(*key): found for key, found in counts.items()}  # type: ignore[arg-type]

    def figures(self, now: Instant, *, exercise: bool) -> CaseFigures:
        """Of all cases, or of the exercises."""
        return _figures([pair for pair in self._counts.items() if bool(pair[0].exercise) is exercise], now)

    def grouped(self, value: Callable[[CaseKey], str | None], now: Instant) -> tuple[CaseGroup, ...]:
        """One group for each value, the largest first. Exercises are left out."""
        members: dict[str | None, list[tuple[CaseKey, _Counts]]] = {}
        for key, found in self._counts.items():
            if not key.exercise:
                members.setdefault(value(key), []).append((key, found))
        groups = [CaseGroup(name, _figures(pairs, now)) for name, pairs in members.items()]
        return tuple(sorted(groups, key=lambda group: (-group.figures.opened, group.key is None, group.key or "")))

    def dispositions(self) -> dict[str, int]:
        """Cases by disposition, without exercises."""
        found: Counter[str] = Counter()
        decided = (pair for pair in self._counts.items() if pair[0].disposition is not None)
        for key, counts in decided:
            found[key.disposition or ""] += 0 if key.exercise else counts.opened
        return {name: found[name] for name in sorted(found) if found[name]}

    def undecided(self) -> int:
        """Settled cases without a disposition."""
        return sum(
            counts.opened
            for key, counts in self._counts.items()
            if key.disposition is None and key.state in _SETTLED and not key.exercise
        )


def _count(counts: _Counts, case: CaseRecord) -> None:
    opened = case.opened_at
    counts.opened += 1
    if case.overdue:
        counts.overdue += 1
    if case.acknowledged_at is None:
        counts.untaken.append(opened)
    else:
        counts.acknowledge_ms.append(case.acknowledged_at - opened)
    if case.arrived_at is None:
        counts.not_on_site.append(opened)
    else:
        counts.arrive_ms.append(case.arrived_at - opened)
    if case.resolved_at is not None:
        counts.resolve_ms.append(case.resolved_at - opened)


def _figures(pairs: Sequence[tuple[CaseKey, _Counts]], now: Instant) -> CaseFigures:
    opened = sum(counts.opened for _, counts in pairs)
    dangers = [counts for key, counts in pairs if key.ledger == _DANGER]
    everything = [counts for _, counts in pairs]
    return CaseFigures(
        opened=opened,
        active=sum(counts.opened for key, counts in pairs if key.state in _ACTIVE),
        settled=sum(counts.opened for key, counts in pairs if key.state in _SETTLED),
        closed=Share(sum(counts.opened for key, counts in pairs if key.state == _CLOSED), opened),
        overdue=Share(sum(counts.overdue for counts in everything), opened),
        acknowledge=summarize_sorted(_together(counts.acknowledge_ms for counts in everything)),
        arrive=summarize_sorted(_together(counts.arrive_ms for counts in everything)),
        resolve=summarize_sorted(_together(counts.resolve_ms for counts in everything)),
        taken_in_time=_in_time(
            [counts.acknowledge_ms for counts in dangers], [counts.untaken for counts in dangers], TAKE_WITHIN_MS, now
        ),
        on_site_in_time=_in_time(
            [counts.arrive_ms for counts in dangers], [counts.not_on_site for counts in dangers], ARRIVE_WITHIN_MS, now
        ),
    )


def _in_time(reached_ms: list[list[int]], waiting: list[list[Instant]], limit_ms: int, now: Instant) -> Share:
    """Those that reached a step within a time, of those that did or whose time is over."""
    times = _together(reached_ms)
    late = sum(bisect_left(opened_at, now - limit_ms) for opened_at in waiting)
    return Share(bisect_right(times, limit_ms), len(times) + late)


def _together(lists: Iterable[list[int]]) -> list[int]:
    return sorted(chain.from_iterable(lists))
