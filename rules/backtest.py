"""What rules would have found in the past, counted by rule, hour of the day and subject; and how two books differ. It
reads no history and knows no clock; findings come from the same engine as on the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from msgspec import Struct

from domain import Finding, Instant, Phase
from rules.rulebook import Rulebook
from rules.trial import gathered_from

MOST_NAMED: Final = 5
"""Subjects named with a rule: those with the most findings."""

Began = tuple[str, str, Instant]
"""Rule, subject and begin: what is the same finding in two books of different versions."""


class Tally(Struct):
    """What one rule would have found."""

    rule: str
    title: str
    ledger: str
    found: int = 0
    ended: int = 0
    stale: int = 0
    withdrawn: int = 0
    by_hour: list[int] = []
    """Beginnings by local hour of the day, 0 to 23."""
    subjects: dict[str, int] = {}
    """Those with the most findings."""


class Difference(Struct):
    """How two books differ over the same past."""

    both: int
    only_ours: list[Began]
    only_theirs: list[Began]


def tallies(books: Sequence[Rulebook], findings: Iterable[Finding], zone: tzinfo) -> list[Tally]:
    """One line a rule, also for those that found nothing, the most talkative first."""
    lines = {
        rule.name: Tally(rule.name, rule.title.zh, rule.ledger.value, by_hour=[0] * 24)
        for book in books
        for rule in book.rules
    }
    subjects: dict[str, Counter[str]] = {name: Counter() for name in lines}
    for finding in findings:
        if finding.rule in lines:
            _count(lines[finding.rule], subjects[finding.rule], finding, zone)
    for name, line in lines.items():
        line.subjects = dict(subjects[name].most_common(MOST_NAMED))
    return sorted(lines.values(), key=lambda line: (-line.found, line.rule))


def _count(line: Tally, subjects: Counter[str], finding: Finding, zone: tzinfo) -> None:
    if finding.phase is Phase.BEGAN:
        line.found += 1
        line.by_hour[datetime.fromtimestamp(finding.begin / 1000, UTC).astimezone(zone).hour] += 1
        subjects[str(finding.subject)] += 1
    line.ended += finding.phase is Phase.ENDED
    line.stale += finding.phase is Phase.STALE
    line.withdrawn += finding.phase is Phase.WITHDRAWN


def difference(ours: Iterable[Finding], theirs: Iterable[Finding]) -> Difference:
    """What only one of two books would have found."""
    own, other = _begun(ours), _begun(theirs)
    return Difference(len(own & other), sorted(own - other), sorted(other - own))


def _begun(findings: Iterable[Finding]) -> set[Began]:
    return {(one.rule, str(one.subject), one.begin) for one in findings if one.phase is Phase.BEGAN}


def needed(book: Rulebook, others: Sequence[Rulebook]) -> list[Rulebook]:
    """The book, and of the others those rules whose findings it speaks of."""
    return [book, *gathered_from(book, others)]


def as_lines(found: Sequence[Tally], days: float) -> list[str]:
    """The tallies as people read them."""
    lines = [f"{'规则':<24}{'发现':>6}{'每天':>8}  {'结束':>5}{'失联':>5}  最多的小时  最多的对象"]
    for line in found:
        hour = max(range(24), key=lambda hour: line.by_hour[hour])
        when = f"{hour:02d}:00 ({line.by_hour[hour]})" if line.found else "-"
        whom = ", ".join(f"{name} {times}" for name, times in list(line.subjects.items())[:3]) or "-"
        counted = f"{line.found:>6}{line.found / days:>10.2f}  {line.ended:>6}{line.stale:>6}"
        lines.append(f"{line.rule:<26}{counted}  {when:<11} {whom}")
    return lines


def as_difference(found: Difference, names: Mapping[str, str]) -> list[str]:
    """The difference as people read it, the first ten of each side."""
    sides = ((names["ours"], found.only_ours), (names["theirs"], found.only_theirs))
    lines = ["；".join([f"两册都发现 {found.both}", *(f"只有 {name} 发现 {len(side)}" for name, side in sides)])]
    for name, side in sides:
        for rule, subject, begin in side[:10]:
            when = f"{datetime.fromtimestamp(begin / 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
            lines.append(f"  只有 {name}: {rule} {subject} {when}")
    return lines
