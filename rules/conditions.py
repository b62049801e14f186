"""What a rule's condition says about one reading: threshold or expression, event with its cancel window, absence, and
questions about the past. It knows no devices, no watches but their phase and begin, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from domain import MINUTE, Evidence, Instant, Severity, Value
from domain.duration import written_duration
from rules.core import TOLD_OF, Phase, Signal, Watch
from rules.expression import parse
from rules.functions import FUNCTIONS, LEARNED
from rules.meaning import Answer, Scope, guard, meaning, sides, value_of
from rules.notation import written_out
from rules.rulebook import Rule
from rules.tree import (
    TODAY,
    Attribute,
    Distance,
    Node,
    Quantity,
    Window,
    comparisons,
    distances,
    leaves,
    quantities,
    windows,
)

Said = tuple[Signal, ...]
HAPPENED: Final[Said] = (Signal.DANGER, Signal.CLEAR)
"""An event is danger and at once the beginning of its own quiet: not repeated for `release`, it may happen anew."""
_DANGER: Final[Said] = (Signal.DANGER,)
_BETWEEN: Final[Said] = (Signal.BETWEEN,)
_CLEAR: Final[Said] = (Signal.CLEAR,)
_NO_WORD: Final[Said] = (Signal.NO_WORD,)
_CANCEL: Final[Said] = (Signal.CANCEL,)

Judge = Callable[[Scope], Answer]
Shown = Quantity | Window | Distance | Attribute
"""What a person can check: what was measured or computed from it, the day, how high the sun is."""
SUN: Final = Attribute("sun", "elevation_deg")


def _judge_of(written: str | None) -> Judge | None:
    return None if written is None else meaning(parse(written))


class Condition:
    """The conditions of one rule, compiled once. Absences have none: rules/absence.py judges them by arrival time."""

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
        self._lines = _lines(question, rule, units)

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
        rendered = ((line, _measured(line[0], scope), line[1]) for line in self._lines)
        return tuple(
            Evidence(name, _readable(value, unit), unit, _readable(_limit(limits, scope), unit), at, window)
            for (_, _, name, window, limits), value, unit in rendered
            if value is not None
        )


_Limit = tuple[Judge, Judge]
"""A comparison, and what it compares with."""
_Line = tuple[Shown, str, str, str, tuple[_Limit, ...]]
"""What is measured, its unit, its name, what was reckoned from it, and its limits."""


def _lines(question: Node, rule: Rule, units: Mapping[str, str]) -> list[_Line]:
    limits: dict[Shown, tuple[_Limit, ...]] = {}
    for comparison in comparisons(question):
        found = sides(comparison)
        if found is not None and (not isinstance(found[0], Attribute) or found[0] in (TODAY, SUN)):
            limits[found[0]] = (*limits.get(found[0], ()), (meaning(comparison), value_of(found[2])))
    for leaf in [*leaves(question), *(Quantity(name) for name in rule.show)]:
        if isinstance(leaf, (Quantity, Window)):
            limits.setdefault(leaf, ())
    return [(leaf, _unit(leaf, units), _name(leaf), _window(leaf), limit) for leaf, limit in limits.items()]


def _limit(limits: tuple[_Limit, ...], scope: Scope) -> Value | None:
    """Of several limits the last that was passed: `x > 90 and x >= 131 or x < 51 and x <= 40` is about 131, or 40."""
    passed = [limit for true, limit in limits if true(scope) is True]
    return next((limit(scope) for limit in reversed(passed or [limit for _, limit in limits[:1]])), None)


def _name(leaf: Shown) -> str:
    if isinstance(leaf, Distance):
        return "distance_m"
    return leaf.quantity if isinstance(leaf, Window) else leaf.name


def _window(leaf: Shown) -> str:
    """How it was computed, as rules/witness.py reads it: `count 5m where lel_pct > 10`."""
    if not isinstance(leaf, Window):
        return ""
    parts = [leaf.function]
    if leaf.function not in LEARNED:
        parts.append(written_duration(leaf.length_ms))
    if leaf.offset_ms:
        parts.append(f"offset {written_duration(leaf.offset_ms)}")
    if leaf.ahead_ms:
        parts.append(f"ahead {written_duration(leaf.ahead_ms)}")
    if leaf.test is not None:
        parts.append(f"where {written_out(leaf.test)}")
    return " ".join(parts)


def _unit(leaf: Shown, units: Mapping[str, str]) -> str:
    if not isinstance(leaf, Window):
        return {"distance_m": "m", SUN.name: "deg"}.get(_name(leaf), units.get(_name(leaf), ""))
    function = FUNCTIONS[leaf.function]
    own = "" if leaf.test is not None else units.get(leaf.quantity, "")
    unit = {"times": "", "time": "min", "days": "d", "hourly": f"{own}/h"}.get(function.unit, own)
    return f"{unit}/{written_duration(leaf.length_ms)}" if function.per_time else unit


def _measured(leaf: Shown, scope: Scope) -> Value | None:
    if isinstance(leaf, Distance):
        return meaning(leaf)(scope)
    if isinstance(leaf, Attribute):
        return scope.attribute(leaf.owner, leaf.name)
    return scope.values.get(leaf.name) if isinstance(leaf, Quantity) else scope.window(leaf)


def _readable(value: Value | None, unit: str) -> Value | None:
    """Nobody reads milliseconds."""
    return round(value / MINUTE, 1) if unit == "min" and isinstance(value, (int, float)) else value
