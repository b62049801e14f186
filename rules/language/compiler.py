"""Compiler of conditions: a syntax tree becomes a function of a context.

Three-valued logic: true, false and unknown (None). What was not measured is unknown, and unknown is never danger. An
attribute that nobody entered counts as false where a truth value stands (`person.lives_alone`), and as unknown in a
comparison.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from domain import Value
from domain.days import start_of
from domain.geo import GCJ_02, WGS_84, Point, distance_m, to_wgs84
from rules.language.nodes import (
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    has_day,
)


class Context(Protocol):
    """What a condition may look at while it is judged."""

    @property
    def values(self) -> Mapping[str, Value]: ...

    def attribute(self, owner: str, name: str) -> Value | None: ...

    def window(self, window: WindowCall) -> float | None: ...


Result = Value | None
Predicate = Callable[[Context], Result]
Function = Callable[[Any], Any]
Leaf = Callable[[Node], Function]

_ARITHMETIC: Final[dict[str, Function | Callable[[Any, Any], Any]]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq, "!=": operator.ne,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
TRUE_WORDS: Final = frozenset({True, "true", "True", "TRUE", "1", "yes", "是"})
"""Texts that count as true in a table of attributes."""


def compile_expression(node: Node) -> Callable[[Context], Result]:
    """The condition as a function of a scope."""
    return _as_truth(node, _load_leaf)


def compile_operand(node: Node) -> Callable[[Context], Result]:
    """The value of an operand as a function of a scope: what was written down as it was written."""
    return _compile(node, _load_leaf)


def compile_for_value(node: Node) -> Function:
    """Compiles a condition over one quantity to a function of its value."""
    return _compile(node, _load_value)


def _load_value(leaf: Node) -> Function:
    if isinstance(leaf, Constant):
        constant = leaf.value
        return lambda _value: constant
    return lambda value: value


def _load_leaf(leaf: Node) -> Function:
    if isinstance(leaf, Constant):
        return _load_value(leaf)
    if isinstance(leaf, QuantityRef):
        quantity = leaf.name
        return lambda scope: scope.values.get(quantity)
    if isinstance(leaf, AttributeRef):
        owner, name = leaf.owner, leaf.name
        return lambda scope: scope.attribute(owner, name)
    return _compile_distance(leaf) if isinstance(leaf, DistanceCall) else lambda scope: scope.window(leaf)


def _compile_distance(distance: DistanceCall) -> Function:
    """Metres between two points. The entered point is read first: most people have no geofence."""
    here, there = sorted((distance.here, distance.there), key=lambda point: isinstance(point[0], QuantityRef))
    one, other = _compile_point(*here), _compile_point(*there)

    def apart(scope: Context) -> float | None:
        first = one(scope)
        second = None if first is None else other(scope)
        return None if first is None or second is None else round(distance_m(first, second), 1)

    return apart


def _compile_point(
    lat: QuantityRef | AttributeRef, lon: QuantityRef | AttributeRef
) -> Callable[[Context], Point | None]:
    """A point in WGS-84. Entered coordinates come from maps, which here are GCJ-02 unless the datum is given."""
    north, east = _load_leaf(lat), _load_leaf(lon)
    owner, otherwise = (lat.owner, GCJ_02) if isinstance(lat, AttributeRef) else ("device", WGS_84)
    name = f"{lat.name.removesuffix('lat')}datum" if isinstance(lat, AttributeRef) else "datum"

    def point(scope: Context) -> Point | None:
        y, x = _degrees(north(scope)), _degrees(east(scope))
        # A receiver without a fix reports 0, 0.
        if y is None or x is None or y == x == 0:
            return None
        return to_wgs84((y, x), str(scope.attribute(owner, name) or otherwise))

    return point


def _degrees(written: Result) -> float | None:
    """A number of degrees; any other text is unknown."""
    return float(written) if isinstance(written, (int, float)) and not isinstance(written, bool) else None


def _compile(node: Node, leaf: Leaf) -> Function:
    if isinstance(node, Unary):
        return _compile_unary(node, leaf)
    if isinstance(node, Binary):
        return _compile_binary(node, leaf)
    return leaf(node)


def _compile_unary(node: Unary, leaf: Leaf) -> Function:
    if node.operator == "not":
        truth = _as_truth(node.operand, leaf)
        return lambda x: None if (answer := truth(x)) is None else not answer
    operand = _compile(node.operand, leaf)
    if node.operator == "known":
        return lambda x: operand(x) is not None
    apply = abs if node.operator == "abs" else operator.neg
    return lambda x: None if (value := operand(x)) is None else apply(value)


def _compile_binary(node: Binary, leaf: Leaf) -> Function:
    if node.operator in ("and", "or"):
        return _compile_logical(_as_truth(node.left, leaf), _as_truth(node.right, leaf), decisive=node.operator == "or")
    left, right = _compile(node.left, leaf), _compile(node.right, leaf)
    if has_day(node):
        left, right = _as_day(node.left, left), _as_day(node.right, right)
    if node.operator == "default":
        return lambda x: right(x) if (known := left(x)) is None else known
    apply = _ARITHMETIC[node.operator]

    def arithmetic(x: Any) -> Result:
        a, b = left(x), right(x)
        if a is None or b is None or (b == 0 and apply is operator.truediv):
            return None
        return apply(a, b)  # type: ignore[call-arg, no-any-return]

    return arithmetic


def _as_day(node: Node, operand: Function) -> Function:
    """A written day as milliseconds, so that days can be compared and subtracted; what is no day is unknown."""
    computed = isinstance(node, Binary) and node.operator != "default"
    if computed or (isinstance(node, Constant) and node.duration):
        return operand
    return lambda x: start_of(operand(x))


def _compile_logical(left: Function, right: Function, *, decisive: bool) -> Function:
    """`and`, `or` with three answers: one decisive side settles it, whatever is unknown about the other."""

    def joined(x: Any) -> bool | None:
        a = left(x)
        b = a if a is decisive else right(x)
        if b is decisive:
            return decisive
        return None if a is None or b is None else not decisive

    return joined


def _as_truth(node: Node, leaf: Leaf) -> Function:
    answer = _compile(node, leaf)
    # Where the sun stands is calculated: without coordinates it is unknown, and not down.
    written = isinstance(node, AttributeRef) and node.owner != "sun"
    return (lambda x: answer(x) in TRUE_WORDS) if written else answer
