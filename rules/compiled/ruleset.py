"""CompiledRuleset: the rules of one kind of device, compiled once and indexed by quantity, so that a quiet reading
costs a few comparisons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from domain import DAY, Value
from domain.by_identity import ByIdentity
from domain.kind import Kind
from rules.compiled.applicability import ApplicabilityIndex
from rules.compiled.condition import CompiledCondition
from rules.compiled.rule import CompiledRule
from rules.rulebook.model import Rule, Rulebook
from rules.rulebook.precedence import Ranks, ranks
from rules.windows.history import retentions

ValueTest = Callable[[Value], object]


class CompiledRuleset:
    """Everything to be judged about one kind."""

    def __init__(self, kind: Kind, rules: Sequence[CompiledRule]) -> None:
        self.kind, self.report_interval_ms, self.kind_definition = kind.kind, kind.report_every, kind
        rules = sorted(rules, key=lambda rule: rule.rank)
        self.reevaluated_rules = tuple(rule for rule in rules if rule.is_reevaluated)
        self.read_findings = frozenset(name for rule in self.reevaluated_rules for name in rule.read_findings)
        """Names of the rules whose findings its rules read."""
        self.by_name = {rule.name: rule for rule in rules}
        self.conditional_rules = tuple((rule, rule.condition) for rule in rules if rule.condition is not None)
        self.context_rules = tuple((rule, cond) for rule, cond in self.conditional_rules if not cond.needs_one_value)
        self.applicability = ApplicabilityIndex(self.conditional_rules)
        self.absence_rules = tuple((rule, rule.absent) for rule in rules if rule.absent is not None)
        self.expiry_rules = tuple((rule, rule.rule.expires) for rule in rules if rule.rule.expires is not None)
        self.chatter_rules = tuple((rule, rule.rule.chatter) for rule in rules if rule.rule.chatter is not None)
        self.absence_quantities = tuple(
            {absent.quantity for _, absent in self.absence_rules if absent.quantity is not None}
        )
        self.value_tests = _value_tests(self.conditional_rules)
        self.context_quantities = frozenset(
            name for _, cond in self.conditional_rules if not cond.needs_one_value for name in cond.quantities
        )
        self.dangers = frozenset(name for name, quantity in kind.quantities.items() if quantity.danger)
        happening = {name for name, quantity in kind.quantities.items() if quantity.event}
        # Events do not last: the key of the last press does not apply to this one.
        self.last_value_quantities = (
            frozenset(name for _, cond in self.conditional_rules for name in cond.last_value_quantities) - happening
        )
        asked = [window for _, cond in self.conditional_rules for window in cond.windows]
        yes_no = {name for name, quantity in kind.quantities.items() if quantity.type == "bool"}
        self.retentions = retentions(asked, yes_no)
        counters = {name for name, quantity in kind.quantities.items() if quantity.cumulative}
        self.baseline_quantities = {one.quantity: one.quantity in counters for one in asked if one.function == "usual"}
        """Quantities with a baseline, and whether they are counters."""
        self.trend_quantities = frozenset(one.quantity for one in asked if one.function == "days_left")
        windowed = {kept.quantity for kept in self.retentions.values()}
        self.tracked_quantities = self.context_quantities.union(
            self.last_value_quantities,
            self.absence_quantities,
            windowed,
            self.baseline_quantities,
            self.trend_quantities,
        )
        self.is_stateless = not self.tracked_quantities
        """A quiet reading changes no stored value."""


def empty_ruleset(kind: str) -> CompiledRuleset:
    """For devices of an undescribed kind: readings are recorded, no rules apply."""
    return CompiledRuleset(Kind.model_construct(kind=kind, report_every=DAY, quantities={}), ())


def run_value_tests(value_tests: Mapping[str, tuple[ValueTest, ...]], values: Mapping[str, Value]) -> int:
    """Number of value tests that found no danger; -1 as soon as one finds danger or cannot compare the value."""
    asked = 0
    try:
        for quantity in values:
            if quantity in value_tests:
                value = values[quantity]
                for is_dangerous in value_tests[quantity]:
                    if is_dangerous(value):
                        return -1
                    asked += 1
    except TypeError:
        return -1
    return asked


def _value_tests(rules: Iterable[tuple[CompiledRule, CompiledCondition]]) -> dict[str, tuple[ValueTest, ...]]:
    # Readings with a test flag leave the fast path: their dangers are withheld.
    found: dict[str, list[ValueTest]] = {"test": [lambda value: value is True]}
    for _, condition in rules:
        if condition.needs_one_value and condition.value_test is not None:
            found.setdefault(condition.tested_quantity, []).append(condition.value_test)
    return {name: tuple(tests) for name, tests in found.items()}


def compile_rulebooks(books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> dict[str, CompiledRuleset]:
    """A ruleset for every kind, also for kinds without rules. Raises ValueError when two rules share a name: they would
    share state.
    """
    names, order = Counter(rule.name for book in books for rule in book.rules), ranks(books)
    if repeated := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"two rules bear one name: {', '.join(repeated)}")
    return {name: CompiledRuleset(kind, list(_rules_of(books, kind, order))) for name, kind in kinds.items()}


def compile_group_rules(books: Sequence[Rulebook]) -> dict[str, CompiledRuleset]:
    """What is judged about each type of subject that gathers findings."""
    rules: dict[str, list[CompiledRule]] = {}
    order = ranks(books)
    for book in books:
        for rule in book.rules:
            if rule.gather is not None:
                compiled = CompiledRule(rule, book, empty_ruleset(rule.of).kind_definition, order[rule.name])
                rules.setdefault(rule.of, []).append(compiled)
    return {of: CompiledRuleset(empty_ruleset(of).kind_definition, dependents) for of, dependents in rules.items()}


@lru_cache(maxsize=1024)
def _compile_once(
    rule: ByIdentity[Rule], book: ByIdentity[Rulebook], kind: ByIdentity[Kind], rank: int
) -> CompiledRule:
    """Compiled once for all engines of a process: a backtest, a trial and the service judge by the same books."""
    return CompiledRule(rule.value, book.value, kind.value, rank)


def _rules_of(books: Sequence[Rulebook], kind: Kind, order: Ranks) -> Iterable[CompiledRule]:
    for book in books:
        for rule in book.rules:
            if rule.applies_to_kind(kind.kind):
                compiled = _compile_once(ByIdentity(rule), ByIdentity(book), ByIdentity(kind), order[rule.name])
                if all(name in kind.quantities for name in compiled.quantities):
                    yield compiled
