"""Questions about a syntax tree that need no values: what a comparison compares and with which limit, which results are
possible when some attributes are known, which parts depend on the time or on other findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Value
from rules.language.nodes import (
    Attribute,
    Binary,
    Distance,
    Literal,
    Node,
    Quantity,
    Unary,
    Window,
    attributes,
    leaves,
    quantities,
)

_CONTEXT = frozenset({"time", "sun", "finding"})


def in_any_context(node: Node, positive: bool = True) -> Node:
    """The condition with every part that asks for the time or for findings taken as it suits: true of the values alone
    when the condition may become true without another reading.

    >>> from rules.language.parser import parse
    >>> in_any_context(parse("opened and not finding.fire")) == parse("opened and not false")
    True
    """
    if isinstance(node, Unary) and node.sign == "not":
        return Unary("not", in_any_context(node.operand, not positive))
    if isinstance(node, Binary) and node.sign in ("and", "or"):
        return Binary(node.sign, in_any_context(node.left, positive), in_any_context(node.right, positive))
    return Literal(positive) if asks_context(node) else node


def asks_context(node: Node) -> bool:
    """Whether it asks for the time or for what else was found."""
    return any(isinstance(leaf, Attribute) and leaf.owner in _CONTEXT for leaf in leaves(node))


_MIRRORED: Final = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "==": "==", "!=": "!="}


Compared = Quantity | Window | Attribute | Distance
"""What can stand alone on one side of a comparison."""


def sides(comparison: Binary) -> tuple[Compared, str, Node] | None:
    """What is compared, how, and with what: turned round if it was written `10 <= lel_pct`; None for `a + b > c`."""
    left, right, sign = comparison.left, comparison.right, comparison.sign
    if not attributes(left) and not quantities(left):
        left, right, sign = right, left, _MIRRORED[sign]
    if isinstance(left, Unary) and left.sign == "abs":
        left = left.operand
    return (left, sign, right) if isinstance(left, Compared) else None


def limit_of(comparison: Binary) -> tuple[Compared, str, Value] | None:
    """`x sign constant` of a comparison, or `x sign default(.., constant)`; else None."""
    found = sides(comparison)
    if found is None:
        return None
    leaf, sign, limit = found
    constant = constant_of(limit.right if isinstance(limit, Binary) and limit.sign == "default" else limit)
    return None if constant is None else (leaf, sign, constant)


def constant_of(node: Node) -> Value | None:
    if isinstance(node, Unary) and node.sign == "-" and isinstance(node.operand, Literal):
        return -node.operand.value  # type: ignore[operator]  # check.py refuses -true and -'text'
    return node.value if isinstance(node, Literal) else None


Known = Mapping[Attribute, tuple[bool, bool]]
"""Of an attribute whether it is a yes, and whether it is written down at all."""


def may(node: Node, known: Known) -> tuple[bool, bool]:
    """Whether it may be true, and whether it may be false, whatever is measured.

    >>> may(parse("person.alone and x > 1"), {Attribute("person", "alone"): (False, False)})
    (False, True)
    """
    if isinstance(node, Attribute):
        yes = known.get(node)
        return (True, True) if yes is None else (yes[0], not yes[0])
    if isinstance(node, Unary) and node.sign == "known":
        written = known.get(node.operand) if isinstance(node.operand, Attribute) else None
        return (True, True) if written is None else (written[1], not written[1])
    if isinstance(node, Unary) and node.sign == "not":
        true, false = may(node.operand, known)
        return false, true
    if isinstance(node, Binary) and node.sign in ("and", "or"):
        (one, not_one), (other, not_other) = may(node.left, known), may(node.right, known)
        both = node.sign == "and"
        return (one and other, not_one or not_other) if both else (one or other, not_one and not_other)
    answer = not _is_unknown(node, known)
    return answer, answer


def _is_unknown(node: Node, known: Known) -> bool:
    """True when nothing that is measured makes it known, for want of what is not written down."""
    if isinstance(node, Attribute):
        return node in known and not known[node][1]
    if isinstance(node, Distance):
        return any(_is_unknown(leaf, known) for leaf in node.leaves)
    if isinstance(node, Unary):
        return node.sign not in ("not", "known") and _is_unknown(node.operand, known)
    if not isinstance(node, Binary) or node.sign in ("and", "or"):
        return False
    left, right = _is_unknown(node.left, known), _is_unknown(node.right, known)
    return (left and right) if node.sign == "default" else (left or right)
