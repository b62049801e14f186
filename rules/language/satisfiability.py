"""Finds whether two conditions can be true at once, by trying values around every limit they name. It knows no kinds
beyond the types of their quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import Final

from domain import Value
from domain.kind import Kind
from rules.language.analysis import limit_of
from rules.language.compiler import meaning
from rules.language.nodes import (
    Attribute,
    Binary,
    Distance,
    Literal,
    Node,
    Quantity,
    Unary,
    Window,
    comparisons,
    leaves,
)

MOST_TRIED: Final = 5_000
"""Combinations tried; conditions a person can check by reading stay far below."""

Leaf = Quantity | Window | Attribute


class _Guess:
    """A scope in which everything is as guessed."""

    def __init__(self, guessed: Mapping[Leaf, Value | None]) -> None:
        self._guessed = guessed
        self.values = {leaf.name: value for leaf, value in guessed.items() if isinstance(leaf, Quantity)}

    def attribute(self, owner: str, name: str) -> Value | None:
        return self._guessed[Attribute(owner, name)]

    def window(self, window: Window) -> Value | None:
        return self._guessed[window]


def both_true(first: Node, second: Node, kind: Kind) -> str | None:
    """Values for which both hold, in words; None if none were found.

    A rule that is dangerous and clear at once would end while it begins.
    """
    measured = {leaf.name for node in (first, second) for leaf in leaves(node) if isinstance(leaf, Quantity)}
    return _both_true(first, second, frozenset(name for name in measured if kind.quantities[name].type == "bool"))


@lru_cache(maxsize=4096)
def _both_true(first: Node, second: Node, flags: frozenset[str]) -> str | None:
    """Asked once for all kinds and for each reading of the files; `flags` are the quantities that are true or false."""
    first, second = _guessable(first), _guessable(second)
    one, other = meaning(first), meaning(second)
    found = [leaf for node in (first, second) for leaf in leaves(node) if not isinstance(leaf, Literal)]
    unknowns: list[Leaf] = [leaf for leaf in dict.fromkeys(found) if isinstance(leaf, (Quantity, Window, Attribute))]
    guesses = [list(_guesses(leaf, first, second, flags)) for leaf in unknowns]
    for values in islice(product(*guesses), MOST_TRIED):
        scope = _Guess(dict(zip(unknowns, values, strict=True)))
        if one(scope) is True and other(scope) is True:  # type: ignore[arg-type]  # a guess is scope enough
            return ", ".join(f"{_name(leaf)} {value}" for leaf, value in zip(unknowns, values, strict=True))
    return None


def never_true(node: Node, kind: Kind) -> bool:
    """True when no reading can make it so. What it compares with must be written in it, else nobody can say."""
    readable = all(limit_of(comparison) is not None for comparison in comparisons(node))
    if not readable or fallen_back_from(node):
        return False
    unknowns = {leaf for leaf in leaves(node) if not isinstance(leaf, Literal)}
    flags = frozenset(name for name, quantity in kind.quantities.items() if quantity.type == "bool")
    tried = prod(len(list(_guesses(leaf, node, node, flags))) for leaf in unknowns if isinstance(leaf, Leaf))
    return tried <= MOST_TRIED and both_true(node, node, kind) is None


def _guessable(node: Node) -> Node:
    """A distance is guessed as one number, whatever its points are."""
    if isinstance(node, Unary):
        return Unary(node.sign, _guessable(node.operand))
    if isinstance(node, Binary):
        return Binary(node.sign, _guessable(node.left), _guessable(node.right))
    return Attribute("distance_m", _name(node.there[0])) if isinstance(node, Distance) else node


def _guesses(leaf: Leaf, first: Node, second: Node, flags: frozenset[str]) -> Iterator[Value | None]:
    limits = [
        found[2]
        for node in (first, second)
        for found in map(limit_of, comparisons(node))
        if found is not None and found[0] == leaf
    ]
    if leaf in fallen_back_from(first) | fallen_back_from(second):
        yield None  # what the rule itself says stands in for what somebody may write down
        return
    if leaf in _asked_whether_known(first) | _asked_whether_known(second):
        yield None
    yes_or_no = isinstance(leaf, Quantity) and leaf.name in flags
    if yes_or_no or (isinstance(leaf, Attribute) and not limits):
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


def fallen_back_from(node: Node) -> frozenset[Node]:
    """What stands first in a `default(first, second)`."""
    if isinstance(node, Unary):
        return fallen_back_from(node.operand)
    if not isinstance(node, Binary):
        return frozenset()
    own = frozenset({node.left}) if node.sign == "default" else frozenset()
    return own | fallen_back_from(node.left) | fallen_back_from(node.right)


def _asked_whether_known(node: Node) -> frozenset[Node]:
    """What stands in `known(x)`."""
    if isinstance(node, Unary):
        return frozenset(leaves(node.operand)) if node.sign == "known" else _asked_whether_known(node.operand)
    if isinstance(node, Binary):
        return _asked_whether_known(node.left) | _asked_whether_known(node.right)
    return frozenset()


def _name(leaf: Leaf) -> str:
    if isinstance(leaf, Attribute):
        return f"{leaf.owner}.{leaf.name}"
    return leaf.name if isinstance(leaf, Quantity) else leaf.quantity
