"""A test of one value that must be true before a condition can be: the cheap check of a quiet reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import Value
from rules.language.analysis import constant_of
from rules.language.compiler import Function, of_one_value
from rules.language.nodes import COMPARISONS, Binary, Node, Quantity, Unary, attributes, quantities
from rules.language.nodes import windows as windows_of


def reflex(node: Node) -> Callable[[Value], object] | None:
    """The condition as a function of one value, when it speaks of a single measured quantity; else None.

    >>> hot = reflex(Binary(">=", Quantity("lel_pct"), Literal(25)))
    >>> hot(24.9), hot(25)
    (False, True)
    """
    if len(quantities(node)) != 1 or attributes(node) or windows_of(node):
        return None
    return _comparison_with_number(node) or of_one_value(node)


def guard(node: Node) -> tuple[str, Callable[[Value], object]] | None:
    """A quantity, and what of its value must be true wherever the condition is: until then nobody need look further.

    >>> name, hot = guard(Binary("and", Binary(">", Quantity("x"), Literal(90)), Attribute("person", "ill")))
    >>> name, hot(90), hot(91)
    ('x', False, True)
    """
    whole = reflex(node)
    if whole is not None:
        return None if _assumes(node) else (quantities(node)[0], whole)
    if not isinstance(node, Binary) or node.sign not in ("and", "or"):
        return None
    left, right = guard(node.left), guard(node.right)
    if node.sign == "and":
        return left or right
    if left is None or right is None or left[0] != right[0]:
        return None
    one, other = left[1], right[1]
    return left[0], lambda value: one(value) or other(value)


def _assumes(node: Node) -> bool:
    """It has an answer also where its quantity is unknown."""
    if isinstance(node, Unary):
        return node.sign == "known" or _assumes(node.operand)
    return isinstance(node, Binary) and (node.sign == "default" or _assumes(node.left) or _assumes(node.right))


def _comparison_with_number(node: Node) -> Callable[[Value], object] | None:
    # The four shapes nearly every rule has, without a second call: this is what a quiet reading costs.
    if not (isinstance(node, Binary) and node.sign in COMPARISONS and isinstance(node.left, Quantity)):
        return None
    limit: Any = constant_of(node.right)
    shapes: dict[str, Function] = {
        ">=": lambda value: value >= limit,
        ">": lambda value: value > limit,
        "<=": lambda value: value <= limit,
        "<": lambda value: value < limit,
    }
    return None if limit is None else shapes.get(node.sign)
