"""Type check of a condition against a kind: unknown quantities, types that do not match, limits outside the plausible
range, functions of operands they cannot take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final
from typing import Literal as Choice

from domain import DAY, Value
from domain.days import start_of
from domain.kind import Kind
from domain.kind import Quantity as Declared
from rules.language.analysis import constant_limit
from rules.language.functions import FUNCTIONS
from rules.language.nodes import (
    COMPARISONS,
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    comparisons,
    distances,
    has_day,
    is_day,
    quantities,
    windows,
)
from rules.language.notation import format_expression
from rules.language.units import unit_faults

Type = Choice["bool", "number", "text", "any"]
MAX_WINDOW_MS: Final = 400 * DAY
"""Nothing is believed to have been measured longer ago."""
_OF_ATTRIBUTES: Final[Mapping[str, Type]] = {
    "time.workday": "bool", "time.holiday": "bool", "time.hour": "number", "time.minute": "number",
    "time.weekday": "number", "time.date": "text", "sun.elevation_deg": "number", "sun.is_down": "bool",
    "sun.is_dark": "bool",
}  # fmt: skip


def type_faults(node: Node, kind: Kind) -> Iterator[str]:
    """Everything wrong with a condition that must be true or false for this kind."""
    unknown = [name for name in quantities(node) if name not in kind.quantities]
    if unknown:
        yield from (unknown_quantity(name, kind) for name in unknown)
        return
    found: list[str] = []
    if _type(node, kind.quantities, found) not in ("bool", "any"):
        found.append("is a value, not a condition: compare it with something, for example >= 10")
    yield from found
    if not found:
        yield from unit_faults(node, kind.quantities)
        yield from _limits(node, kind)
        yield from _counters(node, kind)
        yield from _points(node, kind)


def unknown_quantity(name: str, kind: Kind) -> str:
    """A sentence that helps: the nearest name, else all names."""
    near = get_close_matches(name, kind.quantities, n=1)
    known = f"write {near[0]}" if near else f"write one of {', '.join(sorted(kind.quantities))}"
    return f"{kind.kind} has no quantity {name!r}: {known}"


def _type(node: Node, declared: Mapping[str, Declared], found: list[str]) -> Type:
    if isinstance(node, Constant):
        return _of(node.value)
    if isinstance(node, QuantityRef):
        return declared[node.name].type
    if isinstance(node, AttributeRef):
        return "bool" if node.owner == "finding" else _OF_ATTRIBUTES.get(format_expression(node), "any")
    if isinstance(node, WindowCall) and node.test is not None and _type(node.test, declared, found) != "bool":
        found.append(f"{node.function} needs a condition on each sample, as in (lel_pct > 10, 5m)")
    if isinstance(node, (WindowCall, DistanceCall)):
        return "number"
    return _of_unary(node, declared, found) if isinstance(node, Unary) else _of_binary(node, declared, found)


def _of(value: Value) -> Type:
    if isinstance(value, bool):
        return "bool"
    return "text" if isinstance(value, str) else "number"


def _of_unary(node: Unary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    if node.operator == "known":
        _type(node.operand, declared, found)
        return "bool"
    wanted: Type = "bool" if node.operator == "not" else "number"
    if _type(node.operand, declared, found) not in (wanted, "any"):
        found.append(f"{node.operator!r} needs a {_NAMES[wanted]}, not {_speaks_of(node.operand)}")
    return wanted


def _of_binary(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    if has_day(node):
        return _of_days(node, found)
    sides = [(side, _type(side, declared, found)) for side in (node.left, node.right)]
    if node.operator in ("==", "!="):
        types = {type_ for _, type_ in sides if type_ != "any"}
        if len(types) > 1:
            found.append(
                f"{_speaks_of(node.left)} and {_speaks_of(node.right)} can never be equal: compare like with like"
            )
        return "bool"
    if node.operator == "default":
        return _of_default(node, declared, found)
    wanted: Type = "bool" if node.operator in ("and", "or") else "number"
    for side, type_ in sides:
        if type_ not in (wanted, "any"):
            found.append(f"{node.operator!r} needs a {_NAMES[wanted]}, not {_speaks_of(side)}")
    return "bool" if node.operator in COMPARISONS or wanted == "bool" else "number"


def _of_days(node: Binary, found: list[str]) -> Type:
    """Two days compared or subtracted, or a day and a duration added."""
    for side in (one for one in (node.left, node.right) if not is_day(one)):
        written = side.right if isinstance(side, Binary) and side.operator == "default" else side
        moves = isinstance(side, Constant) and side.duration and node.operator in ("+", "-")
        named = isinstance(written, AttributeRef) and written.owner in ("device", "person", "place")
        if not (moves or named or (isinstance(written, Constant) and start_of(written.value) is not None)):
            found.append("time.date is compared with a day: write time.date <= device.x, or a day as '2026-05-01'")
    return "bool" if node.operator in COMPARISONS else "number"


def _of_default(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    known, otherwise = _type(node.left, declared, found), _type(node.right, declared, found)
    if known not in (otherwise, "any") and otherwise != "any":
        found.append(f"default needs two of a kind, not {_speaks_of(node.left)} and {_speaks_of(node.right)}")
    return otherwise


_NAMES = {"bool": "yes or no", "number": "number", "text": "text"}


def _speaks_of(node: Node) -> str:
    if isinstance(node, (QuantityRef, AttributeRef)):
        return format_expression(node)
    if isinstance(node, Constant):
        return str(node.value).lower() if isinstance(node.value, bool) else repr(node.value)
    return "a condition" if isinstance(node, Binary) and node.operator in (*COMPARISONS, "and", "or") else "a value"


def _limits(node: Node, kind: Kind) -> Iterator[str]:
    tests = [window.test for window in windows(node) if window.test is not None]
    for comparison in [one for each in (node, *tests) for one in comparisons(each)]:
        found = constant_limit(comparison)
        ends = None if found is None else _range(found[0], kind)
        if found is None or ends is None or isinstance(found[2], (bool, str)):
            continue
        low, high, named = ends
        limit = found[2]
        if (low is not None and limit < low) or (high is not None and limit > high):
            shown = " to ".join("any" if end is None else f"{end:g}" for end in (low, high))
            yield f"{named.format(shown)}: {limit:g} is outside, write a limit inside"


def _range(leaf: Node, kind: Kind) -> tuple[float | None, float | None, str] | None:
    """The range of a result, and its text."""
    name = leaf.quantity if isinstance(leaf, WindowCall) else leaf.name if isinstance(leaf, QuantityRef) else None
    if name is None or (isinstance(leaf, WindowCall) and not FUNCTIONS[leaf.function].in_range):
        return None
    quantity = kind.quantities[name]
    if isinstance(leaf, WindowCall) and (leaf.test is not None or quantity.type == "bool"):
        return 0, 1, f"{format_expression(leaf)} of yes (1) and no (0) goes from {{}}"
    return quantity.min, quantity.max, f"{name} goes from {{}} {quantity.unit}"


def _counters(node: Node, kind: Kind) -> Iterator[str]:
    for window in windows(node):
        function, quantity = FUNCTIONS[window.function], kind.quantities[window.quantity]
        if window.reach_ms > MAX_WINDOW_MS:
            yield f"{window.function} looks back at most {MAX_WINDOW_MS // DAY}d: write a shorter time"
        if function.operand == "counter" and not quantity.cumulative:
            counters = [name for name, one in kind.quantities.items() if one.cumulative]
            wanted = f"write {counters[0]}" if counters else f"{kind.kind} has none"
            yield f"{window.function} looks at a counter, and {window.quantity} is none: {wanted}"
        elif quantity.type == "text":
            yield f"{window.function} reckons with numbers or yes and no, and {window.quantity} is text"
        elif function.operand == "number" and quantity.type == "bool":
            yield f"{window.function} reckons with numbers, and {window.quantity} is yes or no: {_OF_YES_NO}"


_OF_YES_NO: Final = "write count, the number of true ones, or mean, their share"


def _points(node: Node, kind: Kind) -> Iterator[str]:
    measured = [leaf for distance in distances(node) for leaf in distance.leaves if isinstance(leaf, QuantityRef)]
    for name in dict.fromkeys(leaf.name for leaf in measured if kind.quantities[leaf.name].unit != "deg"):
        yield f"distance_m reckons with degrees, and {name} is none"
