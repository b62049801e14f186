"""Formats a syntax tree as it may be written in a rulebook: the inverse of rules/language/parser.py."""

from __future__ import annotations

from typing import Final

from domain import Value
from domain.duration import format_duration
from rules.language.functions import BASELINE_FUNCTIONS, FUNCTIONS
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
)

_LEVELS: Final = {"or": 1, "and": 2, "not": 3, **dict.fromkeys(COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6}
_HIGHEST: Final = 8


def format_expression(node: Node) -> str:
    """The text of a condition, or of a part of one.

    >>> from rules.language.parser import parse
    >>> format_expression(parse("(a>1 or not b) and increase(c,24h,offset 7d)<-2"))
    '(a > 1 or not b) and increase(c, 1d, offset 7d) < -2'
    """
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """The text, and how closely it holds together."""
    if isinstance(node, Binary):
        return _of_two(node)
    if isinstance(node, Unary):
        return _of_one(node)
    if isinstance(node, WindowCall):
        return _of_window(node), _HIGHEST
    return _of_leaf(node), _HIGHEST


def _of_leaf(node: Constant | QuantityRef | AttributeRef | DistanceCall) -> str:
    if isinstance(node, Constant):
        return _literal(node)
    if isinstance(node, QuantityRef):
        return node.name
    if isinstance(node, AttributeRef):
        return f"{node.owner}.{node.name}"
    return f"distance_m({', '.join(map(format_expression, node.leaves))})"


def _literal(node: Constant) -> str:
    value = node.value
    if node.clock:
        return f"{int(value) // 60:02d}:{int(value) % 60:02d}"
    if node.duration:
        return format_duration(int(value))
    return _value(value)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"' if "'" in value else f"'{value}'"
    return repr(value)


def _of_one(node: Unary) -> tuple[str, int]:
    if node.operator in FUNCTIONS:
        return f"{node.operator}({format_expression(node.operand)})", _HIGHEST
    level, space = (_LEVELS["not"], " ") if node.operator == "not" else (7, "")
    return f"{node.operator}{space}{_inside(node.operand, level)}", level


def _of_two(node: Binary) -> tuple[str, int]:
    if node.operator == "default":
        return f"default({format_expression(node.left)}, {_inside(node.right, 5)})", _HIGHEST
    level = _LEVELS[node.operator]
    # Comparisons are not chained, and what follows a minus is grouped.
    left = level + 1 if node.operator in COMPARISONS else level
    return f"{_inside(node.left, left)} {node.operator} {_inside(node.right, level + 1)}", level


def _inside(node: Node, level: int) -> str:
    text, own = _written(node)
    return text if own >= level else f"({text})"


def _of_window(node: WindowCall) -> str:
    parts = [node.quantity if node.test is None else format_expression(node.test)]
    if node.function == "quantile":
        parts.append(f"{node.part:g}")
    if node.ahead_ms:
        parts.append(format_duration(node.ahead_ms))
    if node.function not in BASELINE_FUNCTIONS:
        parts.append(format_duration(node.length_ms))
    if node.offset_ms:
        parts.append(f"offset {format_duration(node.offset_ms)}")
    return f"{node.function}({', '.join(parts)})"
