"""Value tests: a function of one value that must be true before a condition can be. They keep the cost of a quiet
reading at a few comparisons.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nextafter
from typing import Any, Final

from domain import Value
from rules.language.analysis import constant_value
from rules.language.compiler import Function, compile_for_value
from rules.language.nodes import COMPARISONS, Binary, Node, QuantityRef, Unary, attributes, quantities
from rules.language.nodes import windows as windows_of

_EXACT_MAX: Final = 2**52
"""Beyond it not every whole number has a float of its own."""


def value_test(node: Node) -> Callable[[Value], object] | None:
    """The condition as a function of one value, when it reads a single measured quantity only; else None.

    >>> from rules.language.nodes import Constant, QuantityRef
    >>> hot = value_test(Binary(">=", QuantityRef("lel_pct"), Constant(25)))
    >>> hot(24.9), hot(25)
    (False, True)
    """
    if len(quantities(node)) != 1 or attributes(node) or windows_of(node):
        return None
    return _comparison_with_number(node) or compile_for_value(node)


def necessary_test(node: Node) -> tuple[str, Callable[[Value], object]] | None:
    """A quantity and a test of its value that is true wherever the condition is true; None if there is none.

    >>> from rules.language.nodes import Constant, QuantityRef
    >>> name, hot = necessary_test(Binary(">", QuantityRef("x"), Constant(90)))
    >>> name, hot(90), hot(91)
    ('x', False, True)
    """
    whole = value_test(node)
    if whole is not None:
        return None if _has_default(node) else (quantities(node)[0], whole)
    if not isinstance(node, Binary) or node.operator not in ("and", "or"):
        return None
    left, right = necessary_test(node.left), necessary_test(node.right)
    if node.operator == "and":
        return left or right
    if left is None or right is None or left[0] != right[0]:
        return None
    one, other = left[1], right[1]
    return left[0], lambda value: one(value) or other(value)


def quiet_interval(node: Node) -> tuple[str, float, float] | None:
    """A quantity and an open interval: while its value lies inside, the condition is not true. None if there is none.

    >>> from rules.language.parser import parse
    >>> quiet_interval(parse("x <= 20 or x > 90")), quiet_interval(parse("x >= 25 and y > 3"))
    (('x', 20.0, 90.00000000000001), ('x', -inf, 25.0))
    """
    if not isinstance(node, Binary):
        return None
    if node.operator not in ("and", "or"):
        return _interval_outside(node)
    left, right = quiet_interval(node.left), quiet_interval(node.right)
    if node.operator == "and":
        return left or right
    if left is None or right is None or left[0] != right[0]:
        return None
    return left[0], max(left[1], right[1]), min(left[2], right[2])


def _interval_outside(comparison: Binary) -> tuple[str, float, float] | None:
    """The interval in which a comparison of a quantity with a number is false."""
    limit = constant_value(comparison.right)
    if not isinstance(comparison.left, QuantityRef) or type(limit) not in (int, float) or not abs(limit) < _EXACT_MAX:  # type: ignore[arg-type]
        return None
    name, number = comparison.left.name, float(limit)  # type: ignore[arg-type]
    return {
        ">=": (name, -inf, number),
        ">": (name, -inf, nextafter(number, inf)),
        "<=": (name, number, inf),
        "<": (name, nextafter(number, -inf), inf),
    }.get(comparison.operator)


def _has_default(node: Node) -> bool:
    """It has an answer also where its quantity is unknown."""
    if isinstance(node, Unary):
        return node.operator == "known" or _has_default(node.operand)
    return isinstance(node, Binary) and (
        node.operator == "default" or _has_default(node.left) or _has_default(node.right)
    )


def _comparison_with_number(node: Node) -> Callable[[Value], object] | None:
    # The four shapes nearly every rule has, without a second call: this is what a quiet reading costs.
    if not (isinstance(node, Binary) and node.operator in COMPARISONS and isinstance(node.left, QuantityRef)):
        return None
    limit: Any = constant_value(node.right)
    shapes: dict[str, Function] = {
        ">=": lambda value: value >= limit,
        ">": lambda value: value > limit,
        "<=": lambda value: value <= limit,
        "<": lambda value: value < limit,
    }
    return None if limit is None else shapes.get(node.operator)
