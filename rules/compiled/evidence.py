"""Which lines of evidence a condition yields (value, unit, limit, window), and their rendering for one evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from domain import MINUTE, Evidence, Instant, Value
from domain.duration import format_duration
from rules.language.analysis import split_comparison
from rules.language.compiler import Context, Predicate, compile_expression, compile_operand
from rules.language.functions import BASELINE_FUNCTIONS, FUNCTIONS
from rules.language.nodes import TODAY, AttributeRef, DistanceCall, Node, QuantityRef, WindowCall, comparisons, leaves
from rules.language.notation import format_expression
from rules.rulebook.model import Rule

MeasuredOperand = QuantityRef | WindowCall | DistanceCall | AttributeRef
"""What a person can check: what was measured or computed from it, the day, how high the sun is."""
SUN: Final = AttributeRef("sun", "elevation_deg")


_Limit = tuple[Predicate, Predicate]
"""A comparison, and what it compares with."""
EvidenceLine = tuple[MeasuredOperand, str, str, str, tuple[_Limit, ...]]
"""What is measured, its unit, its name, what was reckoned from it, and its limits."""


def evidence_lines(question: Node, rule: Rule, units: Mapping[str, str]) -> list[EvidenceLine]:
    limits: dict[MeasuredOperand, tuple[_Limit, ...]] = {}
    for comparison in comparisons(question):
        found = split_comparison(comparison)
        if found is not None and (not isinstance(found[0], AttributeRef) or found[0] in (TODAY, SUN)):
            limits[found[0]] = (*limits.get(found[0], ()), (compile_expression(comparison), compile_operand(found[2])))
    for leaf in [*leaves(question), *(QuantityRef(name) for name in rule.show)]:
        if isinstance(leaf, (QuantityRef, WindowCall)):
            limits.setdefault(leaf, ())
    return [(leaf, _unit(leaf, units), _name(leaf), _window(leaf), limit) for leaf, limit in limits.items()]


def render_evidence(lines: Sequence[EvidenceLine], context: Context, at: Instant) -> tuple[Evidence, ...]:
    """The lines with what is measured now; what is unknown is left out."""
    rendered = ((line, _measured(line[0], context), line[1]) for line in lines)
    return tuple(
        Evidence(name, _in_minutes(value, unit), unit, _in_minutes(_limit(limits, context), unit), at, window)
        for (_, _, name, window, limits), value, unit in rendered
        if value is not None
    )


def _limit(limits: tuple[_Limit, ...], context: Context) -> Value | None:
    """Of several limits the last that was passed: `x > 90 and x >= 131 or x < 51 and x <= 40` is about 131, or 40."""
    passed = [limit for true, limit in limits if true(context) is True]
    return next((limit(context) for limit in reversed(passed or [limit for _, limit in limits[:1]])), None)


def _name(leaf: MeasuredOperand) -> str:
    if isinstance(leaf, DistanceCall):
        return "distance_m"
    return leaf.quantity if isinstance(leaf, WindowCall) else leaf.name


def _window(leaf: MeasuredOperand) -> str:
    """How it was computed, as rules/tools/evidence_text.py reads it: `count 5m where lel_pct > 10`."""
    if not isinstance(leaf, WindowCall):
        return ""
    parts = [leaf.function]
    if leaf.function not in BASELINE_FUNCTIONS:
        parts.append(format_duration(leaf.length_ms))
    if leaf.offset_ms:
        parts.append(f"offset {format_duration(leaf.offset_ms)}")
    if leaf.ahead_ms:
        parts.append(f"ahead {format_duration(leaf.ahead_ms)}")
    if leaf.test is not None:
        parts.append(f"where {format_expression(leaf.test)}")
    return " ".join(parts)


def _unit(leaf: MeasuredOperand, units: Mapping[str, str]) -> str:
    if not isinstance(leaf, WindowCall):
        return {"distance_m": "m", SUN.name: "deg"}.get(_name(leaf), units.get(_name(leaf), ""))
    function = FUNCTIONS[leaf.function]
    own = "" if leaf.test is not None else units.get(leaf.quantity, "")
    unit = {"times": "", "time": "min", "days": "d", "hourly": f"{own}/h"}.get(function.unit, own)
    return f"{unit}/{format_duration(leaf.length_ms)}" if function.per_time else unit


def _measured(leaf: MeasuredOperand, context: Context) -> Value | None:
    if isinstance(leaf, DistanceCall):
        return compile_expression(leaf)(context)
    if isinstance(leaf, AttributeRef):
        return context.attribute(leaf.owner, leaf.name)
    return context.values.get(leaf.name) if isinstance(leaf, QuantityRef) else context.window(leaf)


def _in_minutes(value: Value | None, unit: str) -> Value | None:
    """Durations are shown in minutes."""
    return round(value / MINUTE, 1) if unit == "min" and isinstance(value, (int, float)) else value
