"""Finds whether two conditions can be true at once, by trying values around every limit they name. Of a kind
it uses only the types of the quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import Final

from domain import Value
from domain.kind import Kind
from rules.language.analysis import constant_limit
from rules.language.compiler import compile_expression
from rules.language.nodes import (
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    comparisons,
    leaves,
)

MOST_TRIED: Final = 5_000
"""Combinations tried; conditions a person can check by reading stay far below."""

Leaf = QuantityRef | WindowCall | AttributeRef


class _Assignment:
    """A scope in which everything is as guessed."""

    def __init__(self, guessed: Mapping[Leaf, Value | None]) -> None:
        self._guessed = guessed
        self.values = {leaf.name: value for leaf, value in guessed.items() if isinstance(leaf, QuantityRef)}

    def attribute(self, owner: str, name: str) -> Value | None:
        return self._guessed[AttributeRef(owner, name)]

    def window(self, window: WindowCall) -> Value | None:
        return self._guessed[window]


def find_solution(first: Node, second: Node, kind: Kind) -> str | None:
    """Values for which both conditions are true, as text; None if none were found.

    A rule that is dangerous and clear at once would end while it begins.
    """
    measured = {leaf.name for node in (first, second) for leaf in leaves(node) if isinstance(leaf, QuantityRef)}
    return _both_true(first, second, frozenset(name for name in measured if kind.quantities[name].type == "bool"))


@lru_cache(maxsize=4096)
def _both_true(first: Node, second: Node, flags: frozenset[str]) -> str | None:
    """Cached over kinds and readings of the files; `flags` are the boolean quantities."""
    first, second = _guessable(first), _guessable(second)
    one, other = compile_expression(first), compile_expression(second)
    found = [leaf for node in (first, second) for leaf in leaves(node) if not isinstance(leaf, Constant)]
    unknowns: list[Leaf] = [
        leaf for leaf in dict.fromkeys(found) if isinstance(leaf, (QuantityRef, WindowCall, AttributeRef))
    ]
    guesses = [list(_candidate_values(leaf, first, second, flags)) for leaf in unknowns]
    for values in islice(product(*guesses), MOST_TRIED):
        scope = _Assignment(dict(zip(unknowns, values, strict=True)))
        if one(scope) is True and other(scope) is True:  # type: ignore[arg-type]  # a guess is scope enough
            return ", ".join(f"{_name(leaf)} {value}" for leaf, value in zip(unknowns, values, strict=True))
    return None


def is_unsatisfiable(node: Node, kind: Kind) -> bool:
    """True when no reading can make the condition true, by the constants in it."""
    readable = all(constant_limit(comparison) is not None for comparison in comparisons(node))
    if not readable or defaulted_operands(node):
        return False
    unknowns = {leaf for leaf in leaves(node) if not isinstance(leaf, Constant)}
    flags = frozenset(name for name, quantity in kind.quantities.items() if quantity.type == "bool")
    tried = prod(len(list(_candidate_values(leaf, node, node, flags))) for leaf in unknowns if isinstance(leaf, Leaf))
    return tried <= MOST_TRIED and find_solution(node, node, kind) is None


def _guessable(node: Node) -> Node:
    """A distance is guessed as one number, whatever its points are."""
    if isinstance(node, Unary):
        return Unary(node.operator, _guessable(node.operand))
    if isinstance(node, Binary):
        return Binary(node.operator, _guessable(node.left), _guessable(node.right))
    return AttributeRef("distance_m", _name(node.there[0])) if isinstance(node, DistanceCall) else node


def _candidate_values(leaf: Leaf, first: Node, second: Node, flags: frozenset[str]) -> Iterator[Value | None]:
    limits = [
        found[2]
        for node in (first, second)
        for found in map(constant_limit, comparisons(node))
        if found is not None and found[0] == leaf
    ]
    if leaf in defaulted_operands(first) | defaulted_operands(second):
        yield None  # the default of the rule stands in for an attribute
        return
    if leaf in _asked_whether_known(first) | _asked_whether_known(second):
        yield None
    yes_or_no = isinstance(leaf, QuantityRef) and leaf.name in flags
    if yes_or_no or (isinstance(leaf, AttributeRef) and not limits):
        yield from (True, False)
    elif any(isinstance(limit, str) for limit in limits):
        yield from ("", "0001-01-01", *limits, "9999-12-31")
    else:
        yield from _around([0, 1, *(limit for limit in limits if not isinstance(limit, str))])


def _around(limits: list[bool | int | float]) -> Iterator[float]:
    ordered = sorted({sign * limit for limit in limits for sign in (1, -1)})
    yield ordered[0] - 1
    for low, high in zip(ordered, [*ordered[1:], ordered[-1] + 2], strict=True):
        yield low
        yield (low + high) / 2


def defaulted_operands(node: Node) -> frozenset[Node]:
    """First operands of `default(first, second)`."""
    if isinstance(node, Unary):
        return defaulted_operands(node.operand)
    if not isinstance(node, Binary):
        return frozenset()
    own = frozenset({node.left}) if node.operator == "default" else frozenset()
    return own | defaulted_operands(node.left) | defaulted_operands(node.right)


def _asked_whether_known(node: Node) -> frozenset[Node]:
    """Operands of `known(x)`."""
    if isinstance(node, Unary):
        return frozenset(leaves(node.operand)) if node.operator == "known" else _asked_whether_known(node.operand)
    if isinstance(node, Binary):
        return _asked_whether_known(node.left) | _asked_whether_known(node.right)
    return frozenset()


def _name(leaf: Leaf) -> str:
    if isinstance(leaf, AttributeRef):
        return f"{leaf.owner}.{leaf.name}"
    return leaf.name if isinstance(leaf, QuantityRef) else leaf.quantity
