"""Which lines of evidence a condition yields, and their rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from domain import MINUTE, Evidence, Instant, Value
from domain.duration import written_duration
from rules.language.analysis import sides
from rules.language.compiler import Judge, Scope, meaning, value_of
from rules.language.functions import FUNCTIONS, LEARNED
from rules.language.nodes import TODAY, Attribute, Distance, Node, Quantity, Window, comparisons, leaves
from rules.language.notation import written_out
from rules.rulebook.model import Rule

Shown = Quantity | Window | Distance | Attribute
"""What a person can check: what was measured or computed from it, the day, how high the sun is."""
SUN: Final = Attribute("sun", "elevation_deg")


_Limit = tuple[Judge, Judge]
"""A comparison, and what it compares with."""
EvidenceLine = tuple[Shown, str, str, str, tuple[_Limit, ...]]
"""What is measured, its unit, its name, what was reckoned from it, and its limits."""


def evidence_lines(question: Node, rule: Rule, units: Mapping[str, str]) -> list[EvidenceLine]:
    limits: dict[Shown, tuple[_Limit, ...]] = {}
    for comparison in comparisons(question):
        found = sides(comparison)
        if found is not None and (not isinstance(found[0], Attribute) or found[0] in (TODAY, SUN)):
            limits[found[0]] = (*limits.get(found[0], ()), (meaning(comparison), value_of(found[2])))
    for leaf in [*leaves(question), *(Quantity(name) for name in rule.show)]:
        if isinstance(leaf, (Quantity, Window)):
            limits.setdefault(leaf, ())
    return [(leaf, _unit(leaf, units), _name(leaf), _window(leaf), limit) for leaf, limit in limits.items()]


def evidence_of(lines: Sequence[EvidenceLine], scope: Scope, at: Instant) -> tuple[Evidence, ...]:
    """The lines with what is measured now; what is unknown is left out."""
    rendered = ((line, _measured(line[0], scope), line[1]) for line in lines)
    return tuple(
        Evidence(name, _readable(value, unit), unit, _readable(_limit(limits, scope), unit), at, window)
        for (_, _, name, window, limits), value, unit in rendered
        if value is not None
    )


def _limit(limits: tuple[_Limit, ...], scope: Scope) -> Value | None:
    """Of several limits the last that was passed: `x > 90 and x >= 131 or x < 51 and x <= 40` is about 131, or 40."""
    passed = [limit for true, limit in limits if true(scope) is True]
    return next((limit(scope) for limit in reversed(passed or [limit for _, limit in limits[:1]])), None)


def _name(leaf: Shown) -> str:
    if isinstance(leaf, Distance):
        return "distance_m"
    return leaf.quantity if isinstance(leaf, Window) else leaf.name


def _window(leaf: Shown) -> str:
    """How it was computed, as rules/tools/evidence_text.py reads it: `count 5m where lel_pct > 10`."""
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
