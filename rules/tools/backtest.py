"""Backtest statistics: findings by rule, hour of day and subject, and a comparison of two sets of rulebooks. The
findings come from the same engine as in service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from statistics import median
from typing import Final

from msgspec import Struct, field

from domain import Finding, FindingPhase, Instant
from rules.rulebook.model import Rule, Rulebook

MAX_SUBJECTS_NAMED: Final = 5
"""Subjects named with a rule: those with the most findings."""

Where = Callable[[Finding], str]


class RuleStatistics(Struct):
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
    dispositions: dict[str, int] = {}
    """Past alerts of this rule by what they turned out to be (`real`, `false_alarm`, ...); `""` where nobody said."""


class Episode(Struct, frozen=True):
    """One finding from its beginning to its end."""

    rule: str
    subject: str
    begin: Instant
    end: Instant | None
    reported_at: Instant = field(name="told_at")
    severity: str
    where: str = ""


class Comparison(Struct):
    """How two books differ over the same past. What lasted at the same time is the same, whenever each saw it begin."""

    both: int
    only_ours: list[Episode]
    only_theirs: list[Episode]
    later_ms: int | None = None
    """Of findings in both: median delay of theirs."""
    by_rule: dict[str, tuple[int, int, int]] = {}
    """Both, only ours, only theirs."""


def no_location(_finding: Finding) -> str:
    """The location is unknown."""
    return ""


def rule_statistics(
    books: Sequence[Rulebook],
    findings: Iterable[Finding],
    zone: tzinfo,
    where: Where = no_location,
    watched: Mapping[str, int] | None = None,
) -> list[RuleStatistics]:
    """One line a rule, also for those that found nothing, the most talkative first. `watched`: devices, by rule."""
    lines = {rule.name: _line(rule, (watched or {}).get(rule.name, 0)) for book in books for rule in book.rules}
    subjects: dict[str, Counter[str]] = {name: Counter() for name in lines}
    reported = [finding for finding in findings if finding.rule in lines]
    for finding in reported:
        line = lines[finding.rule]
        _count(line, finding, zone)
        if finding.phase is FindingPhase.BEGAN:
            subjects[finding.rule][str(finding.subject)] += 1
            line.places[str(finding.subject)] = where(finding)
    lasted: dict[str, list[int]] = {name: [] for name in lines}
    for one in episodes(reported, momentary=momentary_rules(books)):
        lines[one.rule].standing += one.end is None
        lasted[one.rule] += [] if one.end is None else [one.end - one.begin]
    for name, line in lines.items():
        line.subjects = dict(subjects[name].most_common(MAX_SUBJECTS_NAMED))
        line.places = {subject: line.places[subject] for subject in line.subjects}
        line.median_ms = round(median(lasted[name])) if lasted[name] else None
    return sorted(lines.values(), key=lambda line: (-line.found, line.rule))


def watched_devices(books: Iterable[Rulebook], kinds: Sequence[str]) -> dict[str, int]:
    """How many devices of these kinds each rule applies to; a `gather` rule counts those of the rules it gathers."""
    counted = Counter(kinds)
    own = {
        rule.name: frozenset(kind for kind in counted if rule.applies_to_kind(kind))
        for book in books
        for rule in book.rules
    }
    gathers = {rule.name: rule.gather.rules for book in books for rule in book.rules if rule.gather is not None}
    for _ in gathers:  # what is gathered may gather in turn
        own |= {name: frozenset().union(*(own.get(one, frozenset()) for one in of)) for name, of in gathers.items()}
    return {name: sum(counted[kind] for kind in some) for name, some in own.items()}


def _line(rule: Rule, watched: int) -> RuleStatistics:
    severity, ledger = rule.severity.value, rule.ledger.value
    return RuleStatistics(rule.name, rule.title.zh, severity, ledger, rule.shadow, watched, by_hour=[0] * 24)


def _count(line: RuleStatistics, finding: Finding, zone: tzinfo) -> None:
    if finding.phase is FindingPhase.BEGAN:
        line.found += 1
        line.by_hour[datetime.fromtimestamp(finding.begin / 1000, UTC).astimezone(zone).hour] += 1
    line.ended += finding.phase is FindingPhase.ENDED
    line.stale += finding.phase is FindingPhase.STALE
    line.withdrawn += finding.phase is FindingPhase.WITHDRAWN


def momentary_rules(books: Iterable[Rulebook]) -> frozenset[str]:
    """Rules whose findings have no end of their own."""
    return frozenset(rule.name for book in books for rule in book.rules if rule.is_momentary)


def episodes(
    findings: Iterable[Finding], where: Where = no_location, momentary: frozenset[str] = frozenset()
) -> list[Episode]:
    """Every finding from its beginning to its end, in order of beginning."""
    begun: dict[str, Finding] = {}
    ends: dict[str, Instant] = {}
    for finding in findings:
        if finding.phase is FindingPhase.BEGAN:
            begun.setdefault(finding.id, finding)
            if finding.rule in momentary:
                ends[finding.id] = finding.begin
        elif finding.phase in (FindingPhase.ENDED, FindingPhase.WITHDRAWN):
            ends[finding.id] = finding.at
    made = [
        Episode(one.rule, str(one.subject), one.begin, ends.get(id), one.now, one.severity.value, where(one))
        for id, one in begun.items()
    ]
    return sorted(made, key=lambda one: (one.begin, one.rule, one.subject))


def compare_findings(
    ours: Iterable[Finding],
    theirs: Iterable[Finding],
    where: Where = no_location,
    momentary: frozenset[str] = frozenset(),
) -> Comparison:
    """What only one of two books would have found, whatever their versions."""
    own, other = episodes(ours, where, momentary), episodes(theirs, where, momentary)
    only_ours, only_theirs = _unmatched(own, other), _unmatched(other, own)
    pairs = list(_pairs(own, other))
    both = Counter(one.rule for one, _ in pairs)
    our_counts, their_counts = Counter(one.rule for one in only_ours), Counter(one.rule for one in only_theirs)
    names = sorted({*both, *our_counts, *their_counts})
    return Comparison(
        both=len(pairs),
        only_ours=only_ours,
        only_theirs=only_theirs,
        later_ms=round(median(two.reported_at - one.reported_at for one, two in pairs)) if pairs else None,
        by_rule={name: (both[name], our_counts[name], their_counts[name]) for name in names},
    )


def _by_subject(some: Sequence[Episode]) -> dict[tuple[str, str], list[Episode]]:
    found: dict[tuple[str, str], list[Episode]] = {}
    for one in some:
        found.setdefault((one.rule, one.subject), []).append(one)
    return found


def _pairs(own: Sequence[Episode], other: Sequence[Episode]) -> Iterable[tuple[Episode, Episode]]:
    """Each of ours with the first of theirs that lasted at the same time."""
    theirs = _by_subject(other)
    for one in own:
        same = next((two for two in theirs.get((one.rule, one.subject), ()) if _overlap(one, two)), None)
        if same is not None:
            yield one, same


def _unmatched(own: Sequence[Episode], other: Sequence[Episode]) -> list[Episode]:
    paired = {id(one) for one, _ in _pairs(own, other)}
    return [one for one in own if id(one) not in paired]


def _overlap(one: Episode, two: Episode) -> bool:
    return (one.end is None or two.begin <= one.end) and (two.end is None or one.begin <= two.end)
