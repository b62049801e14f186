"""The rules of one kind of device, compiled once and indexed by quantity, so that a quiet reading costs a few
comparisons. It knows no device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from domain import DAY, Value
from domain.kind import Kind
from rules.compiled.applicability import Mindful
from rules.compiled.condition import Condition
from rules.compiled.rule import PlannedRule
from rules.rulebook.model import Rule, Rulebook
from rules.rulebook.precedence import Ranks, ranks
from rules.windows.history import kept_for

Reflex = Callable[[Value], object]
M = TypeVar("M")


class Plan:
    """Everything to be judged about one kind."""

    def __init__(self, kind: Kind, rules: Sequence[PlannedRule]) -> None:
        self.kind, self.report_every_ms, self.described = kind.kind, kind.report_every, kind
        rules = sorted(rules, key=lambda rule: rule.rank)
        self.reevaluated = tuple(rule for rule in rules if rule.is_reevaluated)
        self.reads = frozenset(name for rule in self.reevaluated for name in rule.reads)
        """The findings that its rules ask for."""
        self.by_name = {rule.name: rule for rule in rules}
        self.judged = tuple((rule, rule.condition) for rule in rules if rule.condition is not None)
        self.pensive = tuple((rule, cond) for rule, cond in self.judged if not cond.alone)
        self.mindful = Mindful(self.judged)
        self.absences = tuple((rule, rule.absent) for rule in rules if rule.absent is not None)
        self.expiries = tuple((rule, rule.rule.expires) for rule in rules if rule.rule.expires is not None)
        self.chatters = tuple((rule, rule.rule.chatter) for rule in rules if rule.rule.chatter is not None)
        self.timed = tuple({absent.quantity for _, absent in self.absences if absent.quantity is not None})
        self.reflexes = _reflexes(self.judged)
        self.thorough = frozenset(name for _, cond in self.judged if not cond.alone for name in cond.quantities)
        self.dangers = frozenset(name for name, quantity in kind.quantities.items() if quantity.danger)
        happening = {name for name, quantity in kind.quantities.items() if quantity.event}
        # What happens does not last: the key of the last press says nothing about this one.
        self.remembered = frozenset(name for _, cond in self.judged for name in cond.recalls) - happening
        asked = [window for _, cond in self.judged for window in cond.windows]
        yes_no = {name for name, quantity in kind.quantities.items() if quantity.type == "bool"}
        self.windows = kept_for(asked, yes_no)
        counters = {name for name, quantity in kind.quantities.items() if quantity.cumulative}
        self.usual = {one.quantity: one.quantity in counters for one in asked if one.function == "usual"}
        """Quantities of which rules ask what is usual, and whether they are counters."""
        self.trends = frozenset(one.quantity for one in asked if one.function == "days_left")
        windowed = {kept.quantity for kept in self.windows.values()}
        self.kept = self.thorough.union(self.remembered, self.timed, windowed, self.usual, self.trends)
        self.plain = not self.kept
        """Nothing need be remembered of a quiet reading."""


def empty_plan(kind: str) -> Plan:
    """For devices of a kind nobody described: they are heard, and nothing is judged."""
    return Plan(Kind.model_construct(kind=kind, report_every=DAY, quantities={}), ())


def quiet(reflexes: Mapping[str, tuple[Reflex, ...]], values: Mapping[str, Value]) -> int:
    """How many rules were asked and stayed quiet; -1 as soon as one does not, or cannot tell."""
    asked = 0
    try:
        for quantity in values:
            if quantity in reflexes:
                value = values[quantity]
                for twitches in reflexes[quantity]:
                    if twitches(value):
                        return -1
                    asked += 1
    except TypeError:
        return -1
    return asked


def _reflexes(judged: Iterable[tuple[PlannedRule, Condition]]) -> dict[str, tuple[Reflex, ...]]:
    # A test is nobody's danger: readings that carry one leave the fast path to be told apart.
    found: dict[str, list[Reflex]] = {"test": [lambda value: value is True]}
    for _, condition in judged:
        if condition.alone and condition.reflex is not None:
            found.setdefault(condition.reflex_quantity, []).append(condition.reflex)
    return {name: tuple(tests) for name, tests in found.items()}


def plans(books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> dict[str, Plan]:
    """A plan for every kind, also for kinds without rules. Two rules of one name would share their watches: refused."""
    names, order = Counter(rule.name for book in books for rule in book.rules), ranks(books)
    if twice := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"two rules bear one name: {', '.join(twice)}")
    return {name: Plan(kind, list(_rules_of(books, kind, order))) for name, kind in kinds.items()}


def group_plans(books: Sequence[Rulebook]) -> dict[str, Plan]:
    """What is judged about each type of subject that gathers findings."""
    rules: dict[str, list[PlannedRule]] = {}
    order = ranks(books)
    for book in books:
        for rule in book.rules:
            if rule.gather is not None:
                planned = PlannedRule(rule, book, empty_plan(rule.of).described, order[rule.name])
                rules.setdefault(rule.of, []).append(planned)
    return {of: Plan(empty_plan(of).described, gatherers) for of, gatherers in rules.items()}


class _Same(Generic[M]):
    """A key that equals only itself: the models are frozen, but hold dicts and so have no hash."""

    __slots__ = ("model",)

    def __init__(self, model: M) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.model is other.model


@lru_cache(maxsize=1024)
def _compiled(rule: _Same[Rule], book: _Same[Rulebook], kind: _Same[Kind], rank: int) -> PlannedRule:
    """Compiled once for all engines of a process: a backtest, a trial and the service judge by the same books."""
    return PlannedRule(rule.model, book.model, kind.model, rank)


def _rules_of(books: Sequence[Rulebook], kind: Kind, order: Ranks) -> Iterable[PlannedRule]:
    for book in books:
        for rule in book.rules:
            if rule.watches(kind.kind):
                planned = _compiled(_Same(rule), _Same(book), _Same(kind), order[rule.name])
                if all(name in kind.quantities for name in planned.quantities):
                    yield planned
