"""What a rule's condition says about one reading: threshold or expression, event with its cancel window, absence, and
questions about the past. It knows no devices, no watches but their phase and begin, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Evidence, Instant, Severity
from rules.compiled.evidence import evidence_lines, evidence_of
from rules.language.compiler import Answer, Judge, Scope, meaning
from rules.language.nodes import distances, quantities, windows
from rules.language.parser import parse
from rules.language.prefilter import guard
from rules.lifecycle.state_machine import TOLD_OF, Watch
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Rule

Said = tuple[Signal, ...]
HAPPENED: Final[Said] = (Signal.DANGER, Signal.CLEAR)
"""An event is danger and at once the beginning of its own quiet: not repeated for `release`, it may happen anew."""
_DANGER: Final[Said] = (Signal.DANGER,)
_BETWEEN: Final[Said] = (Signal.BETWEEN,)
_CLEAR: Final[Said] = (Signal.CLEAR,)
_NO_WORD: Final[Said] = (Signal.NO_WORD,)
_CANCEL: Final[Said] = (Signal.CANCEL,)


def _judge_of(written: str | None) -> Judge | None:
    return None if written is None else meaning(parse(written))


class Condition:
    """The conditions of one rule, compiled once. Absence rules have none (rules/engine/absence.py)."""

    def __init__(self, rule: Rule, units: Mapping[str, str]) -> None:
        question = rule.question
        written = [question, *(parse(text) for text in (rule.clear, *(grade.when for grade in rule.grades)) if text)]
        if rule.cancel is not None:
            written.append(parse(rule.cancel.when))
        self.event = rule.event is not None
        self.quantities = tuple(dict.fromkeys(name for node in written for name in quantities(node)))
        self.windows = tuple(dict.fromkeys(window for node in written for window in windows(node)))
        guarded = guard(question)
        self.reflex_quantity = guarded[0] if guarded is not None else ""
        self.reflex = guarded[1] if guarded is not None else None
        self.alone = self.reflex is not None and len(quantities(question)) == 1 and not windows(question)
        """While quiet it needs only this quantity of a reading. The guard before a window may well be passed daily."""
        # A hold that must be seen is not seen in what is only remembered.
        looks = rule.if_silent == "wait" and self.reflex is not None
        unasked = set(quantities(question)) - {self.reflex_quantity} if looks else set()
        self.wanted = frozenset(self.quantities) - unasked
        # Latitude and longitude come together, or belong to two places.
        located = {leaf.name for node in written for at in distances(node) for leaf in at.leaves}
        alone = located.union([self.reflex_quantity] if looks else ())
        self.recalls = frozenset(self.quantities) - alone if len(self.quantities) > 1 else frozenset()
        """Quantities it also judges by what was said shortly before."""
        self._danger = meaning(question)
        self._clear = _judge_of(rule.clear)
        self._only_if = _judge_of(rule.only_if)
        self._cancel = _judge_of(rule.cancel.when if rule.cancel else None)
        self._cancel_within = rule.cancel.within if rule.cancel else 0
        self._severity = rule.severity
        grades = sorted(rule.grades, key=lambda grade: grade.severity.rank)
        self._grades = [(grade.severity, meaning(parse(grade.when))) for grade in grades]
        self._lines = evidence_lines(question, rule, units)

    def judge(self, watch: Watch, scope: Scope, at: Instant) -> Said:
        """What the values in scope say to this watch."""
        answer = self._danger(scope)
        if answer is True and (watch.phase in TOLD_OF or self.applies(scope)):
            return HAPPENED if self.event else _DANGER
        if answer is True:
            return _BETWEEN
        return self._taken_back(watch, scope, at) if self.event else self._calm(answer, scope)

    def answer(self, scope: Scope) -> Answer:
        """What its question says of the values in scope: true, false or unknown."""
        return self._danger(scope)

    def applies(self, scope: Scope) -> bool:
        """False when `only_if` does not hold; it keeps a finding from beginning, a hold included; it never ends one."""
        return self._only_if is None or self._only_if(scope) is True

    def _calm(self, answer: Answer, scope: Scope) -> Said:
        if self._clear is None:
            return _NO_WORD if answer is None else _CLEAR
        if self._clear(scope) is True:
            return _CLEAR
        return _NO_WORD if answer is None else _BETWEEN

    def _taken_back(self, watch: Watch, scope: Scope, at: Instant) -> Said:
        in_time = watch.phase is not Phase.QUIET and 0 <= at - watch.begin <= self._cancel_within
        return _CANCEL if in_time and self._cancel is not None and self._cancel(scope) is True else _NO_WORD

    def severity(self, scope: Scope) -> Severity:
        """The most severe of the rule's own severity and the grades that are true."""
        graded = next((severity for severity, true in self._grades if true(scope) is True), self._severity)
        return min(graded, self._severity, key=lambda severity: severity.rank)

    def evidence(self, scope: Scope, at: Instant) -> tuple[Evidence, ...]:
        """What a person can check: each quantity with its value and the limit it was held against."""
        return evidence_of(self._lines, scope, at)
