"""Compiler of conditions: a syntax tree becomes a function of a scope.

Three-valued logic: true, false and unknown (None). What was not measured is unknown, and unknown is never danger; an
attribute nobody wrote down counts as false where a yes or no stands (`person.lives_alone`), unknown in a comparison.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from domain import Value
from domain.days import start_of
from domain.geo import GCJ_02, WGS_84, Point, distance_m, to_wgs84
from rules.language.nodes import Attribute, Binary, Distance, Literal, Node, Quantity, Unary, Window, has_day


class Scope(Protocol):
    """What a condition may look at while it is judged."""

    @property
    def values(self) -> Mapping[str, Value]: ...

    def attribute(self, owner: str, name: str) -> Value | None: ...

    def window(self, window: Window) -> float | None: ...


Answer = Value | None
Judge = Callable[[Scope], Answer]
Function = Callable[[Any], Any]
Leaf = Callable[[Node], Function]

_ARITHMETIC: Final[dict[str, Function | Callable[[Any, Any], Any]]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq, "!=": operator.ne,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
YES: Final = frozenset({True, "true", "True", "TRUE", "1", "yes", "是"})
"""How people say yes in a table of attributes."""


def meaning(node: Node) -> Callable[[Scope], Answer]:
    """The condition as a function of a scope."""
    return _truth(node, _in_scope)


def value_of(node: Node) -> Callable[[Scope], Answer]:
    """The value of an operand as a function of a scope: what was written down as it was written."""
    return _compile(node, _in_scope)


def of_one_value(node: Node) -> Function:
    """The condition as a function of the value of the one quantity it speaks of."""
    return _compile(node, _alone)


def _alone(leaf: Node) -> Function:
    if isinstance(leaf, Literal):
        constant = leaf.value
        return lambda _value: constant
    return lambda value: value


def _in_scope(leaf: Node) -> Function:
    if isinstance(leaf, Literal):
        return _alone(leaf)
    if isinstance(leaf, Quantity):
        quantity = leaf.name
        return lambda scope: scope.values.get(quantity)
    if isinstance(leaf, Attribute):
        owner, name = leaf.owner, leaf.name
        return lambda scope: scope.attribute(owner, name)
    return _apart(leaf) if isinstance(leaf, Distance) else lambda scope: scope.window(leaf)


def _apart(distance: Distance) -> Function:
    """Metres between two points. What was written down is asked first: most people have no fence."""
    here, there = sorted((distance.here, distance.there), key=lambda point: isinstance(point[0], Quantity))
    one, other = _point(*here), _point(*there)

    def apart(scope: Scope) -> float | None:
        first = one(scope)
        second = None if first is None else other(scope)
        return None if first is None or second is None else round(distance_m(first, second), 1)

    return apart


def _point(lat: Quantity | Attribute, lon: Quantity | Attribute) -> Callable[[Scope], Point | None]:
    """A point as satellites give it. People read coordinates off a map, and maps here are GCJ-02 if nothing is said."""
    north, east = _in_scope(lat), _in_scope(lon)
    owner, otherwise = (lat.owner, GCJ_02) if isinstance(lat, Attribute) else ("device", WGS_84)
    name = f"{lat.name.removesuffix('lat')}datum" if isinstance(lat, Attribute) else "datum"

    def point(scope: Scope) -> Point | None:
        y, x = _degrees(north(scope)), _degrees(east(scope))
        # 0, 0 is what a receiver without a fix says.
        if y is None or x is None or y == x == 0:
            return None
        return to_wgs84((y, x), str(scope.attribute(owner, name) or otherwise))

    return point


def _degrees(said: Answer) -> float | None:
    """A table of attributes holds what people typed: what is no number is unknown."""
    return float(said) if isinstance(said, (int, float)) and not isinstance(said, bool) else None


def _compile(node: Node, leaf: Leaf) -> Function:
    if isinstance(node, Unary):
        return _one(node, leaf)
    if isinstance(node, Binary):
        return _two(node, leaf)
    return leaf(node)


def _one(node: Unary, leaf: Leaf) -> Function:
    if node.sign == "not":
        truth = _truth(node.operand, leaf)
        return lambda x: None if (answer := truth(x)) is None else not answer
    operand = _compile(node.operand, leaf)
    if node.sign == "known":
        return lambda x: operand(x) is not None
    apply = abs if node.sign == "abs" else operator.neg
    return lambda x: None if (value := operand(x)) is None else apply(value)


def _two(node: Binary, leaf: Leaf) -> Function:
    if node.sign in ("and", "or"):
        return _joined(_truth(node.left, leaf), _truth(node.right, leaf), decisive=node.sign == "or")
    left, right = _compile(node.left, leaf), _compile(node.right, leaf)
    if has_day(node):
        left, right = _as_day(node.left, left), _as_day(node.right, right)
    if node.sign == "default":
        return lambda x: right(x) if (known := left(x)) is None else known
    apply = _ARITHMETIC[node.sign]

    def arithmetic(x: Any) -> Answer:
        a, b = left(x), right(x)
        if a is None or b is None or (b == 0 and apply is operator.truediv):
            return None
        return apply(a, b)  # type: ignore[call-arg, no-any-return]

    return arithmetic


def _as_day(node: Node, operand: Function) -> Function:
    """A written day as milliseconds, so that days can be compared and subtracted; what is no day is unknown."""
    computed = isinstance(node, Binary) and node.sign != "default"
    if computed or (isinstance(node, Literal) and node.duration):
        return operand
    return lambda x: start_of(operand(x))


def _joined(left: Function, right: Function, *, decisive: bool) -> Function:
    """`and`, `or` with three answers: one decisive side settles it, whatever is unknown about the other."""

    def joined(x: Any) -> bool | None:
        a = left(x)
        b = a if a is decisive else right(x)
        if b is decisive:
            return decisive
        return None if a is None or b is None else not decisive

    return joined


def _truth(node: Node, leaf: Leaf) -> Function:
    answer = _compile(node, leaf)
    # Where the sun stands is calculated: without coordinates it is unknown, and not down.
    written = isinstance(node, Attribute) and node.owner != "sun"
    return (lambda x: answer(x) in YES) if written else answer
