"""CompiledCondition: the conditions of one rule as functions: danger, clear, only_if, cancel and grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Evidence, Instant, Severity
from rules.compiled.evidence import evidence_lines, render_evidence
from rules.compiled.reading_plan import Guard
from rules.language.compiler import Context, Predicate, Result, compile_expression
from rules.language.nodes import Node, distances, quantities, windows
from rules.language.parser import parse
from rules.language.prefilter import necessary_test, quiet_interval
from rules.lifecycle.state_machine import ACTIVE_PHASES, RuleState
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Rule

Signals = tuple[Signal, ...]
MOMENTARY: Final[Signals] = (Signal.DANGER, Signal.CLEAR)
"""An event is danger and at once the beginning of its own quiet: not repeated for `release`, it may happen anew."""
_DANGER: Final[Signals] = (Signal.DANGER,)
_DEADBAND: Final[Signals] = (Signal.DEADBAND,)
_CLEAR: Final[Signals] = (Signal.CLEAR,)
_NO_DATA: Final[Signals] = (Signal.NO_DATA,)
_CANCEL: Final[Signals] = (Signal.CANCEL,)


def _compile_optional(written: str | None) -> Predicate | None:
    return None if written is None else compile_expression(parse(written))


def _guard(question: Node) -> Guard | None:
    """What must be true of one value before the condition can be, as an interval where it is one."""
    test, interval = necessary_test(question), quiet_interval(question)
    if interval is not None:
        name, lo, hi = interval
        return Guard(name, lambda value: not lo < value < hi, (lo, hi))  # type: ignore[operator]
    return None if test is None else Guard(*test)


class CompiledCondition:
    """The conditions of one rule, compiled once. Absence rules have none (rules/engine/absence.py)."""

    def __init__(self, rule: Rule, units: Mapping[str, str]) -> None:
        question = rule.condition_tree
        written = [question, *(parse(text) for text in (rule.clear, *(grade.when for grade in rule.grades)) if text)]
        if rule.cancel is not None:
            written.append(parse(rule.cancel.when))
        self.event = rule.event is not None
        self.quantities = tuple(dict.fromkeys(name for node in written for name in quantities(node)))
        self.windows = tuple(dict.fromkeys(window for node in written for window in windows(node)))
        guarded = necessary_test(question)
        self.tested_quantity = guarded[0] if guarded is not None else ""
        self.value_test = guarded[1] if guarded is not None else None
        self.guard = _guard(question)
        self.needs_one_value = self.value_test is not None and len(quantities(question)) == 1 and not windows(question)
        """While quiet it needs only this quantity of a reading. The guard before a window may well be passed daily."""
        # A hold that must be seen is not seen in what is only remembered.
        looks = rule.if_silent == "wait" and self.value_test is not None
        unasked = set(quantities(question)) - {self.tested_quantity} if looks else set()
        self.required_quantities = frozenset(self.quantities) - unasked
        # Latitude and longitude come together, or belong to two places.
        located = {leaf.name for node in written for at in distances(node) for leaf in at.leaves}
        alone = located.union([self.tested_quantity] if looks else ())
        self.last_value_quantities = frozenset(self.quantities) - alone if len(self.quantities) > 1 else frozenset()
        """Quantities whose last value is used where a reading does not carry them."""
        self._danger = compile_expression(question)
        self._clear = _compile_optional(rule.clear)
        self._only_if = _compile_optional(rule.only_if)
        self._cancel = _compile_optional(rule.cancel.when if rule.cancel else None)
        self._cancel_within = rule.cancel.within if rule.cancel else 0
        self._severity = rule.severity
        grades = sorted(rule.grades, key=lambda grade: grade.severity.rank)
        self._grades = [(grade.severity, compile_expression(parse(grade.when))) for grade in grades]
        self._lines = evidence_lines(question, rule, units)

    def evaluate(self, rule_state: RuleState, context: Context, at: Instant) -> Signals:
        """The signals that the values in `context` give in this state."""
        answer = self._danger(context)
        if answer is True and (rule_state.phase in ACTIVE_PHASES or self.only_if_holds(context)):
            return MOMENTARY if self.event else _DANGER
        if answer is True:
            return _DEADBAND
        return self._cancel_signal(rule_state, context, at) if self.event else self._clear_signal(answer, context)

    def danger(self, context: Context) -> Result:
        """The result of its main condition: true, false or unknown (None)."""
        return self._danger(context)

    def only_if_holds(self, context: Context) -> bool:
        """False when `only_if` does not hold; it keeps a finding from beginning, a hold included; it never ends one."""
        return self._only_if is None or self._only_if(context) is True

    def _clear_signal(self, answer: Result, context: Context) -> Signals:
        if self._clear is None:
            return _NO_DATA if answer is None else _CLEAR
        if self._clear(context) is True:
            return _CLEAR
        return _NO_DATA if answer is None else _DEADBAND

    def _cancel_signal(self, rule_state: RuleState, context: Context, at: Instant) -> Signals:
        in_time = rule_state.phase is not Phase.QUIET and 0 <= at - rule_state.begin <= self._cancel_within
        return _CANCEL if in_time and self._cancel is not None and self._cancel(context) is True else _NO_DATA

    def severity(self, context: Context) -> Severity:
        """The most severe of the rule's own severity and the grades that are true."""
        graded = next((severity for severity, true in self._grades if true(context) is True), self._severity)
        return min(graded, self._severity, key=lambda severity: severity.rank)

    def evidence(self, context: Context, at: Instant) -> tuple[Evidence, ...]:
        """What a person can check: each quantity with its value and the limit it was held against."""
        return render_evidence(self._lines, context, at)
