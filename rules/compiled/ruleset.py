"""CompiledRuleset: the rules of one kind of device, compiled once and indexed by quantity, so that a quiet reading
costs a few comparisons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from domain import DAY
from domain.by_identity import ByIdentity
from domain.kind import Kind, Quantity
from rules.compiled.applicability import ApplicabilityIndex
from rules.compiled.condition import CompiledCondition
from rules.compiled.reading_plan import Guard, ReadingPlan
from rules.compiled.rule import CompiledRule
from rules.language.nodes import WindowCall
from rules.rulebook.model import Rule, Rulebook
from rules.rulebook.precedence import Ranks, ranks
from rules.windows.history import retentions


class CompiledRuleset:
    """The compiled rules of one kind, indexed by how they are evaluated, and the quantities they need."""

    def __init__(self, kind: Kind, rules: Sequence[CompiledRule]) -> None:
        self.kind, self.report_interval_ms, self.kind_definition = kind.kind, kind.report_every, kind
        rules = sorted(rules, key=lambda rule: rule.rank)
        self.by_name = {rule.name: rule for rule in rules}
        self.reevaluated_rules = tuple(rule for rule in rules if rule.is_reevaluated)
        self.read_findings = frozenset(name for rule in self.reevaluated_rules for name in rule.read_findings)
        """Names of the rules whose findings its rules read."""
        self.absence_rules = tuple((rule, rule.absent) for rule in rules if rule.absent is not None)
        self.expiry_rules = tuple((rule, rule.rule.expires) for rule in rules if rule.rule.expires is not None)
        self.chatter_rules = tuple((rule, rule.rule.chatter) for rule in rules if rule.rule.chatter is not None)
        self.conditional_rules = tuple((rule, rule.condition) for rule in rules if rule.condition is not None)
        self.context_rules = tuple((rule, cond) for rule, cond in self.conditional_rules if not cond.needs_one_value)
        self.applicability = ApplicabilityIndex(self.conditional_rules, self.plan_reading)
        self.value_tests = _value_tests(self.conditional_rules)
        self.dangers = _quantities(kind, lambda quantity: quantity.danger)
        self.absence_quantities = tuple(
            {absent.quantity for _, absent in self.absence_rules if absent.quantity is not None}
        )
        self.context_quantities = frozenset(name for _, cond in self.context_rules for name in cond.quantities)
        # Events do not last: the key of the last press does not apply to this one.
        self.last_value_quantities = frozenset(
            name for _, cond in self.conditional_rules for name in cond.last_value_quantities
        ) - _quantities(kind, lambda quantity: quantity.event)
        windows = [window for _, cond in self.conditional_rules for window in cond.windows]
        self.retentions = retentions(windows, _quantities(kind, lambda quantity: quantity.type == "bool"))
        self.baseline_quantities = _baselines(windows, kind)
        """Quantities with a baseline, and whether they are counters."""
        self.trend_quantities = frozenset(window.quantity for window in windows if window.function == "days_left")
        self.tracked_quantities = self.context_quantities.union(
            self.last_value_quantities,
            self.absence_quantities,
            {retention.quantity for retention in self.retentions.values()},
            self.baseline_quantities,
            self.trend_quantities,
        )
        self.is_stateless = not self.tracked_quantities
        """A reading without a danger changes no stored value."""

    def plan_reading(
        self, names: Sequence[str], context_rules: Sequence[tuple[CompiledRule, CompiledCondition]]
    ) -> ReadingPlan:
        """The plan for readings with these quantities of devices to which these of its rules apply."""
        quantities = frozenset(names)
        concerned = [
            (rule, cond) for rule, cond in context_rules if not cond.required_quantities.isdisjoint(quantities)
        ]
        return ReadingPlan(
            names,
            (guard for guard in self.value_tests if guard.quantity in quantities),
            # What a rule keeps of a reading on which it is quiet is kept by the full evaluation.
            [None if rule.keeps_inputs and rule.keeps_quiet_inputs else cond.guard for rule, cond in concerned],
            is_stateless=self.is_stateless or self.tracked_quantities.isdisjoint(quantities),
            has_histories=bool(self.retentions or self.baseline_quantities),
            remembered=tuple(name for name in names if name in self.last_value_quantities),
            trends=tuple(name for name in names if name in self.trend_quantities),
        )


def _quantities(kind: Kind, has: Callable[[Quantity], bool]) -> frozenset[str]:
    return frozenset(name for name, quantity in kind.quantities.items() if has(quantity))


def _baselines(windows: Iterable[WindowCall], kind: Kind) -> dict[str, bool]:
    counters = _quantities(kind, lambda quantity: quantity.cumulative)
    return {window.quantity: window.quantity in counters for window in windows if window.function == "usual"}


def empty_ruleset(kind: str) -> CompiledRuleset:
    """For devices of an undescribed kind: readings are recorded, no rules apply."""
    return CompiledRuleset(_kind_without_quantities(kind), ())


@lru_cache(maxsize=64)
def _kind_without_quantities(name: str) -> Kind:
    return Kind.model_construct(kind=name, report_every=DAY, quantities={})


def _value_tests(rules: Iterable[tuple[CompiledRule, CompiledCondition]]) -> tuple[Guard, ...]:
    # Readings with a test flag leave the fast path: their dangers are withheld.
    guards = [condition.guard for _, condition in rules if condition.needs_one_value and condition.guard is not None]
    return (Guard("test", lambda value: value is True), *guards)


def compile_rulebooks(books: Sequence[Rulebook], kinds: Mapping[str, Kind]) -> dict[str, CompiledRuleset]:
    """A ruleset for every kind, also for kinds without rules. Raises ValueError when two rules share a name: they would
    share state.
    """
    names = Counter(rule.name for book in books for rule in book.rules)
    if repeated := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"two rules bear one name: {', '.join(repeated)}")
    read = tuple(ByIdentity(book) for book in books)
    return {name: CompiledRuleset(kind, _rules_of(read, ByIdentity(kind))) for name, kind in kinds.items()}


def compile_group_rules(books: Sequence[Rulebook]) -> dict[str, CompiledRuleset]:
    """The rules that gather findings, by the type of their subject."""
    rules: dict[str, list[CompiledRule]] = {}
    order = _ranks_of(tuple(ByIdentity(book) for book in books))
    for book in books:
        for rule in book.rules:
            if rule.gather is not None:
                subject = ByIdentity(_kind_without_quantities(rule.of))
                compiled = _compile_once(ByIdentity(rule), ByIdentity(book), subject, order[rule.name])
                rules.setdefault(rule.of, []).append(compiled)
    return {of: CompiledRuleset(_kind_without_quantities(of), dependents) for of, dependents in rules.items()}


# Trials, backtests, scores and the service of one process use the same rulebooks again and again.


@lru_cache(maxsize=1024)
def _compile_once(
    rule: ByIdentity[Rule], book: ByIdentity[Rulebook], kind: ByIdentity[Kind], rank: int
) -> CompiledRule:
    return CompiledRule(rule.value, book.value, kind.value, rank)


@lru_cache(maxsize=16)
def _ranks_of(books: tuple[ByIdentity[Rulebook], ...]) -> Ranks:
    return ranks([book.value for book in books])


@lru_cache(maxsize=256)
def _rules_of(books: tuple[ByIdentity[Rulebook], ...], kind: ByIdentity[Kind]) -> tuple[CompiledRule, ...]:
    order, found = _ranks_of(books), []
    for book in books:
        for rule in book.value.rules:
            if rule.applies_to_kind(kind.value.kind):
                compiled = _compile_once(ByIdentity(rule), book, kind, order[rule.name])
                if all(name in kind.value.quantities for name in compiled.quantities):
                    found.append(compiled)
    return tuple(found)
