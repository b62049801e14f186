"""Every fault of a rulebook against the kinds of devices, each with what to write instead.

A fault is located by keys and indexes; the reader of the file maps them to lines. Doubtful rules are in
rulebook/warnings.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache, reduce
from typing import Final

from domain import Fault
from domain.by_identity import ByIdentity
from domain.kind import Kind
from rules.language.analysis import constant_limit
from rules.language.local_calendar import RANGES
from rules.language.local_calendar import TIME_ATTRIBUTES as TIMES
from rules.language.nodes import (
    AttributeRef,
    Binary,
    Constant,
    Node,
    Unary,
    attributes,
    comparisons,
    leaves,
    quantities,
)
from rules.language.parser import parse
from rules.language.satisfiability import find_solution, is_unsatisfiable
from rules.language.sun import SUN_ATTRIBUTES as SKY
from rules.language.typecheck import type_faults, unknown_quantity
from rules.rulebook.model import ANY_KIND, Gather, Rule, Rulebook
from rules.rulebook.references import suggestion

RuleFault = tuple[tuple[str | int, ...], str]
FaultIterator = Iterator[RuleFault]


def check(book: Rulebook, kinds: Mapping[str, Kind]) -> list[Fault]:
    """Every mistake in a book, in the order it is written."""
    found: list[Fault] = []
    seen: set[str] = set()
    for index, rule in enumerate(book.rules):
        if rule.name in seen:
            found.append(Fault(("rules", index, "name"), f"a second rule {rule.name}: every rule has its own name"))
        seen.add(rule.name)
        found += [Fault(("rules", index, *where), message) for where, message in _rule_faults(rule, kinds)]
    return found


def _rule_faults(rule: Rule, kinds: Mapping[str, Kind]) -> FaultIterator:
    unknown = [kind for kind in rule.kinds if kind not in kinds and kind != ANY_KIND]
    if unknown:
        yield from ((("kind",), f"no kind {kind}{suggestion(kind, kinds)}") for kind in unknown)
        return
    yield from _grade_faults(rule)
    yield from _condition_faults(rule)
    if ANY_KIND in rule.kinds:
        yield from _faults_for_any_kind(rule, kinds)
    else:
        # The same mistake for three kinds is one mistake.
        by_kind = (_faults_for_kind(ByIdentity(rule), ByIdentity(kinds[kind])) for kind in rule.kinds)
        yield from dict.fromkeys(fault for faults in by_kind for fault in faults)


def _grade_faults(rule: Rule) -> FaultIterator:
    seen = {rule.severity}
    for index, grade in enumerate(rule.grades):
        if grade.severity in seen:
            yield ("grades", index, "severity"), f"{grade.severity.value} is already given: one grade a severity"
        if grade.severity.rank > rule.severity.rank:
            yield (
                ("grades", index, "severity"),
                f"below {rule.severity.value} it never counts: write what is more severe",
            )
        seen.add(grade.severity)


_NO_QUANTITY: Final = ("asks for nothing the device reports, and only a report is judged: name a quantity of its kind",)
_NO_QUANTITY_FAULTS: Final[Mapping[tuple[str | int, ...], Sequence[str]]] = {
    ("when",): _NO_QUANTITY,
    ("event",): _NO_QUANTITY,
}
_NO_KIND: Final = Kind.model_construct(kind="", quantities={})


def _condition_faults(rule: Rule) -> FaultIterator:
    if rule.only_if is not None and quantities(parse(rule.only_if)):
        yield ("only_if",), "speaks of device., person. or place. attributes; put quantities into when"
    for where, node in rule.conditions():
        found = [*_time_faults(node)]
        if not found and not quantities(node):
            found = [*(type_faults(node, _NO_KIND) if where == ("only_if",) else _NO_QUANTITY_FAULTS.get(where, ()))]
        yield from ((where, message) for message in found)
    if rule.gather is not None:
        yield from _gather_faults(rule, rule.gather)
    if rule.clear is not None and rule.latch:
        yield ("latch",), "a latched rule ends only by reset: remove clear or latch"


def _time_faults(node: Node) -> Iterator[str]:
    for asked in attributes(node):
        names = _CALCULATED.get(asked.owner)
        if names is not None and asked.name not in names:
            yield f"no {asked.owner}.{asked.name}: write {_calculated_near(asked)}"
    # A time of day beside time.hour is a matter of units.
    plain = (
        one for one in comparisons(node) if not any(isinstance(side, Constant) and side.clock for side in leaves(one))
    )
    for leaf, _, limit in filter(None, map(constant_limit, plain)):
        ends = RANGES.get(leaf.name) if isinstance(leaf, AttributeRef) and leaf.owner == "time" else None
        if isinstance(leaf, AttributeRef) and ends is not None and not isinstance(limit, str):
            low, high = ends
            if not low <= limit <= high:
                yield f"time.{leaf.name} goes from {low} to {high}: {limit:g} is outside, write a limit inside"


_CALCULATED: Final = {"time": TIMES, "sun": SKY}
_COMMON_MISTAKES: Final = {
    "is_dark": "sun.is_dark", "dark": "sun.is_dark", "is_night": "sun.is_dark", "night": "sun.is_dark",
    "sunset": "sun.is_down", "sunrise": "not sun.is_down", "is_day": "not sun.is_down",
    "elevation": "sun.elevation_deg",
    "above_horizon": "not sun.is_down", "day": "time.date, or time.weekday", "today": "time.date",
    "now": "time.minute", "month": "time.date", "clock": "time.minute", "is_weekend": "time.weekday >= 6",
    "weekend": "time.weekday >= 6", "is_holiday": "time.holiday", "is_workday": "time.workday",
}  # fmt: skip


def _calculated_near(asked: AttributeRef) -> str:
    """What was meant of the calendar or the sun, else all there is."""
    names = _CALCULATED[asked.owner]
    near = get_close_matches(asked.name, names, n=1)
    if asked.name in _COMMON_MISTAKES:
        return _COMMON_MISTAKES[asked.name]
    return f"{asked.owner}.{near[0]}" if near else f"one of {', '.join(names)}"


def _gather_faults(rule: Rule, gather: Gather) -> FaultIterator:
    if rule.name in gather.rules:
        yield ("gather", "parts"), f"{rule.name} gathers its own findings: name other rules"
    # A recorded one tells nobody: it makes a finding visible to other devices of the household (finding.x).
    is_single = len(gather.parts) == 1 and gather.parts[0].at_least == 1 and not gather.without
    if is_single and not rule.record:
        yield ("gather", "parts"), "one finding is no more than it says by itself: write at_least, or a second part"
    for name in sorted(gather.rules.intersection(gather.without)):
        yield ("gather", "without"), f"{name} is also a part: it cannot be there and not be there"
    if rule.show or rule.grades:
        yield ("gather",), "findings show themselves: remove show and grades"


def _faults_for_any_kind(rule: Rule, kinds: Mapping[str, Kind]) -> FaultIterator:
    per_kind = [_faults_for_kind(ByIdentity(rule), ByIdentity(kind)) for kind in kinds.values()]
    if per_kind and all(per_kind):
        yield min(per_kind, key=len)[0]


@lru_cache(maxsize=8192)
def _faults_for_kind(rule: ByIdentity[Rule], kind: ByIdentity[Kind]) -> tuple[RuleFault, ...]:
    """Found once in a process: a start checks each rule four times, a reload the rules of unchanged files again."""
    return tuple(_find_faults(rule.value, kind.value))


def _find_faults(rule: Rule, kind: Kind) -> FaultIterator:
    measured = [(where, node) for where, node in rule.conditions() if where != ("only_if",)]
    faults = [(where, message) for where, node in measured for message in type_faults(node, kind)]
    yield from faults
    yield from ((("show", index), message) for index, message in _unknown(rule.show, kind))
    if rule.absent is not None and rule.absent.quantity is not None:
        yield from ((("absent", "quantity"), message) for _, message in _unknown([rule.absent.quantity], kind))
    if faults:
        return
    sound = [
        (where, node) for where, node in rule.conditions() if where != ("only_if",) or not [*type_faults(node, kind)]
    ]
    never = [where for where, node in sound if is_unsatisfiable(node, kind)]
    yield from (
        (where, "can never be true: no value is all of this at once, write or, or other limits") for where in never
    )
    if rule.when is not None and not never:
        yield from _unreachable(rule, parse(rule.when), kind)
        if rule.clear is not None:
            yield from _contradiction(parse(rule.when), parse(rule.clear), kind)


def _unreachable(rule: Rule, when: Node, kind: Kind) -> FaultIterator:
    """The severity of the rule itself, where every danger is graded higher at once."""
    higher = [parse(grade.when) for grade in rule.grades if grade.severity.rank < rule.severity.rank]
    left = reduce(lambda node, grade: Binary("and", node, Unary("not", grade)), higher, when)
    if higher and is_unsatisfiable(left, kind):
        yield ("severity",), f"{rule.severity.value} is never told: whatever is dangerous is graded higher at once"


def _unknown(names: Sequence[str], kind: Kind) -> Iterator[tuple[int, str]]:
    for index, name in enumerate(names):
        if name not in kind.quantities:
            yield index, unknown_quantity(name, kind)


def _contradiction(when: Node, clear: Node, kind: Kind) -> FaultIterator:
    at_once = find_solution(when, clear, kind)
    if at_once is not None:
        yield ("clear",), f"contradicts when: at {at_once} it would be dangerous and clear at once; leave a gap between"
