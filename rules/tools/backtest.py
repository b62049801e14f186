"""What rules would have found in the past, counted by rule, hour of the day and subject; and how two books differ. It
reads no history and knows no clock; findings come from the same engine as on the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from statistics import median
from typing import Final

from msgspec import Struct

from domain import Finding, Instant, Phase
from rules.rulebook.model import Rule, Rulebook

MOST_NAMED: Final = 5
"""Subjects named with a rule: those with the most findings."""

Where = Callable[[Finding], str]


class Tally(Struct):
    """What one rule would have found."""

    rule: str
    title: str
    severity: str
    ledger: str
    shadow: bool
    watched: int
    """Devices of its kinds. Of none of them it could find nothing."""
    found: int = 0
    ended: int = 0
    stale: int = 0
    withdrawn: int = 0
    standing: int = 0
    """Begun and not over at the end of the past that was judged."""
    median_ms: int | None = None
    """How long half of those that ended lasted at most."""
    by_hour: list[int] = []
    """Beginnings by local hour of the day, 0 to 23."""
    subjects: dict[str, int] = {}
    """Those with the most findings."""
    places: dict[str, str] = {}
    """Where these are."""


class Met(Struct, frozen=True):
    """One finding from its beginning to its end."""

    rule: str
    subject: str
    begin: Instant
    end: Instant | None
    told_at: Instant
    severity: str
    where: str = ""


class Difference(Struct):
    """How two books differ over the same past. What lasted at the same time is the same, whenever each saw it begin."""

    both: int
    only_ours: list[Met]
    only_theirs: list[Met]
    later_ms: int | None = None
    """Of what both found: by how much theirs was told later, in the middle of all."""
    by_rule: dict[str, tuple[int, int, int]] = {}
    """Both, only ours, only theirs."""


def nowhere(_finding: Finding) -> str:
    """Nobody knows where."""
    return ""


def tallies(
    books: Sequence[Rulebook],
    findings: Iterable[Finding],
    zone: tzinfo,
    where: Where = nowhere,
    watched: Mapping[str, int] | None = None,
) -> list[Tally]:
    """One line a rule, also for those that found nothing, the most talkative first. `watched`: devices, by rule."""
    lines = {rule.name: _line(rule, (watched or {}).get(rule.name, 0)) for book in books for rule in book.rules}
    subjects: dict[str, Counter[str]] = {name: Counter() for name in lines}
    told = [finding for finding in findings if finding.rule in lines]
    for finding in told:
        line = lines[finding.rule]
        _count(line, finding, zone)
        if finding.phase is Phase.BEGAN:
            subjects[finding.rule][str(finding.subject)] += 1
            line.places[str(finding.subject)] = where(finding)
    lasted: dict[str, list[int]] = {name: [] for name in lines}
    for one in met(told, momentary=momentary(books)):
        lines[one.rule].standing += one.end is None
        lasted[one.rule] += [] if one.end is None else [one.end - one.begin]
    for name, line in lines.items():
        line.subjects = dict(subjects[name].most_common(MOST_NAMED))
        line.places = {subject: line.places[subject] for subject in line.subjects}
        line.median_ms = round(median(lasted[name])) if lasted[name] else None
    return sorted(lines.values(), key=lambda line: (-line.found, line.rule))


def watching(books: Iterable[Rulebook], kinds: Sequence[str]) -> dict[str, int]:
    """How many devices each rule watches, of these kinds; one that gathers watches those of the rules it gathers."""
    counted = Counter(kinds)
    own = {
        rule.name: frozenset(kind for kind in counted if rule.watches(kind)) for book in books for rule in book.rules
    }
    gathers = {rule.name: rule.gather.rules for book in books for rule in book.rules if rule.gather is not None}
    for _ in gathers:  # what is gathered may gather in turn
        own |= {name: frozenset().union(*(own.get(one, frozenset()) for one in of)) for name, of in gathers.items()}
    return {name: sum(counted[kind] for kind in some) for name, some in own.items()}


def _line(rule: Rule, watched: int) -> Tally:
    severity, ledger = rule.severity.value, rule.ledger.value
    return Tally(rule.name, rule.title.zh, severity, ledger, rule.shadow, watched, by_hour=[0] * 24)


def _count(line: Tally, finding: Finding, zone: tzinfo) -> None:
    if finding.phase is Phase.BEGAN:
        line.found += 1
        line.by_hour[datetime.fromtimestamp(finding.begin / 1000, UTC).astimezone(zone).hour] += 1
    line.ended += finding.phase is Phase.ENDED
    line.stale += finding.phase is Phase.STALE
    line.withdrawn += finding.phase is Phase.WITHDRAWN


def momentary(books: Iterable[Rulebook]) -> frozenset[str]:
    """Rules whose findings have no end: a press is over when it was heard."""
    return frozenset(rule.name for book in books for rule in book.rules if rule.happens)


def met(findings: Iterable[Finding], where: Where = nowhere, momentary: frozenset[str] = frozenset()) -> list[Met]:
    """Every finding from its beginning to its end, in order of beginning."""
    begun: dict[str, Finding] = {}
    ends: dict[str, Instant] = {}
    for finding in findings:
        if finding.phase is Phase.BEGAN:
            begun.setdefault(finding.id, finding)
            if finding.rule in momentary:
                ends[finding.id] = finding.begin
        elif finding.phase in (Phase.ENDED, Phase.WITHDRAWN):
            ends[finding.id] = finding.at
    made = [
        Met(one.rule, str(one.subject), one.begin, ends.get(id), one.now, one.severity.value, where(one))
        for id, one in begun.items()
    ]
    return sorted(made, key=lambda one: (one.begin, one.rule, one.subject))


def difference(
    ours: Iterable[Finding],
    theirs: Iterable[Finding],
    where: Where = nowhere,
    momentary: frozenset[str] = frozenset(),
) -> Difference:
    """What only one of two books would have found, whatever their versions."""
    own, other = met(ours, where, momentary), met(theirs, where, momentary)
    only_ours, only_theirs = _alone(own, other), _alone(other, own)
    pairs = list(_pairs(own, other))
    both = Counter(one.rule for one, _ in pairs)
    mine, his = Counter(one.rule for one in only_ours), Counter(one.rule for one in only_theirs)
    names = sorted({*both, *mine, *his})
    return Difference(
        both=len(pairs),
        only_ours=only_ours,
        only_theirs=only_theirs,
        later_ms=round(median(two.told_at - one.told_at for one, two in pairs)) if pairs else None,
        by_rule={name: (both[name], mine[name], his[name]) for name in names},
    )


def _by_subject(some: Sequence[Met]) -> dict[tuple[str, str], list[Met]]:
    found: dict[tuple[str, str], list[Met]] = {}
    for one in some:
        found.setdefault((one.rule, one.subject), []).append(one)
    return found


def _pairs(own: Sequence[Met], other: Sequence[Met]) -> Iterable[tuple[Met, Met]]:
    """Each of ours with the first of theirs that lasted at the same time."""
    theirs = _by_subject(other)
    for one in own:
        same = next((two for two in theirs.get((one.rule, one.subject), ()) if _overlap(one, two)), None)
        if same is not None:
            yield one, same


def _alone(own: Sequence[Met], other: Sequence[Met]) -> list[Met]:
    paired = {id(one) for one, _ in _pairs(own, other)}
    return [one for one in own if id(one) not in paired]


def _overlap(one: Met, two: Met) -> bool:
    return (one.end is None or two.begin <= one.end) and (two.end is None or one.begin <= two.end)
