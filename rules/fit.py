"""Finds what a condition gets wrong about a kind: unknown quantities, types that do not go together, limits outside
what the kind can measure. It judges no readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final
from typing import Literal as Choice

from domain import DAY, Value
from domain.kind import Kind
from domain.kind import Quantity as Declared
from rules.meaning import limit_of
from rules.tree import (
    COMPARISONS,
    COUNTER_WINDOWS,
    Attribute,
    Binary,
    Distance,
    Literal,
    Node,
    Quantity,
    Unary,
    Window,
    comparisons,
    distances,
    quantities,
    windows,
)
from rules.units import mixed

LONGEST_WINDOW_MS: Final = 400 * DAY
"""Nothing is believed to have been measured longer ago."""
_IN_RANGE: Final = ("min", "max", "mean", "quantile", "last")
"""Windows whose answer lies where the quantity itself lies."""

Type = Choice["bool", "number", "text", "any"]


def faults_of(node: Node, kind: Kind) -> Iterator[str]:
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
        yield from mixed(node, kind.quantities)
        yield from _limits(node, kind)
        yield from _counters(node, kind)
        yield from _points(node, kind)


def unknown_quantity(name: str, kind: Kind) -> str:
    """A sentence that helps: the nearest name, else all names."""
    near = get_close_matches(name, kind.quantities, n=1)
    known = f"write {near[0]}" if near else f"write one of {', '.join(sorted(kind.quantities))}"
    return f"{kind.kind} has no quantity {name!r}: {known}"


def _type(node: Node, declared: Mapping[str, Declared], found: list[str]) -> Type:
    if isinstance(node, Literal):
        return _of(node.value)
    if isinstance(node, Quantity):
        return declared[node.name].type
    if isinstance(node, Attribute):
        return "any"
    if isinstance(node, (Window, Distance)):
        return "number"
    return _of_unary(node, declared, found) if isinstance(node, Unary) else _of_binary(node, declared, found)


def _of(value: Value) -> Type:
    if isinstance(value, bool):
        return "bool"
    return "text" if isinstance(value, str) else "number"


def _of_unary(node: Unary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    wanted: Type = "bool" if node.sign == "not" else "number"
    if _type(node.operand, declared, found) not in (wanted, "any"):
        found.append(f"{node.sign!r} needs a {_NAMES[wanted]}, not {_speaks_of(node.operand)}")
    return wanted


def _of_binary(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    sides = [(side, _type(side, declared, found)) for side in (node.left, node.right)]
    if node.sign in ("==", "!="):
        types = {type_ for _, type_ in sides if type_ != "any"}
        if len(types) > 1:
            found.append(
                f"{_speaks_of(node.left)} and {_speaks_of(node.right)} can never be equal: compare like with like"
            )
        return "bool"
    if node.sign == "default":
        return _of_default(node, declared, found)
    wanted: Type = "bool" if node.sign in ("and", "or") else "number"
    for side, type_ in sides:
        if type_ not in (wanted, "any"):
            found.append(f"{node.sign!r} needs a {_NAMES[wanted]}, not {_speaks_of(side)}")
    return "bool" if node.sign in COMPARISONS or wanted == "bool" else "number"


def _of_default(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> Type:
    known, otherwise = _type(node.left, declared, found), _type(node.right, declared, found)
    if known not in (otherwise, "any") and otherwise != "any":
        found.append(f"default needs two of a kind, not {_speaks_of(node.left)} and {_speaks_of(node.right)}")
    return otherwise


_NAMES = {"bool": "yes or no", "number": "number", "text": "text"}


def _speaks_of(node: Node) -> str:
    if isinstance(node, Quantity):
        return node.name
    if isinstance(node, Literal):
        return str(node.value).lower() if isinstance(node.value, bool) else repr(node.value)
    return "a condition" if isinstance(node, Binary) and node.sign in (*COMPARISONS, "and", "or") else "a value"


def _limits(node: Node, kind: Kind) -> Iterator[str]:
    for comparison in comparisons(node):
        found = limit_of(comparison)
        name = None if found is None else _ranged(found[0])
        if found is None or name is None or isinstance(found[2], (bool, str)):
            continue
        quantity, limit = kind.quantities[name], found[2]
        low, high = quantity.min, quantity.max
        if (low is not None and limit < low) or (high is not None and limit > high):
            ends = " to ".join("any" if end is None else f"{end:g}" for end in (low, high))
            yield f"{name} goes from {ends} {quantity.unit}: {limit:g} is outside, write a limit inside"


def _ranged(leaf: Node) -> str | None:
    """The quantity in whose range an answer lies."""
    if isinstance(leaf, Window):
        return leaf.quantity if leaf.function in _IN_RANGE else None
    return leaf.name if isinstance(leaf, Quantity) else None


def _counters(node: Node, kind: Kind) -> Iterator[str]:
    for window in windows(node):
        if window.length_ms > LONGEST_WINDOW_MS:
            yield f"{window.function} looks back at most {LONGEST_WINDOW_MS // DAY}d: write a shorter time"
        if window.function in COUNTER_WINDOWS and not kind.quantities[window.quantity].cumulative:
            counters = [name for name, quantity in kind.quantities.items() if quantity.cumulative]
            wanted = f"write {counters[0]}" if counters else f"{kind.kind} has none"
            yield f"{window.function} looks at a counter, and {window.quantity} is none: {wanted}"
        elif kind.quantities[window.quantity].type == "text":
            yield f"{window.function} reckons with numbers or yes and no, and {window.quantity} is text"


def _points(node: Node, kind: Kind) -> Iterator[str]:
    measured = [leaf for distance in distances(node) for leaf in distance.leaves if isinstance(leaf, Quantity)]
    for name in dict.fromkeys(leaf.name for leaf in measured if kind.quantities[leaf.name].unit != "deg"):
        yield f"distance_m reckons with degrees, and {name} is none"
