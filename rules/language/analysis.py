"""Questions about a syntax tree that need no values: what a comparison compares and with which limit, which results are
possible when some attributes are known, which parts depend on time or on other findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Value
from rules.language.nodes import (
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    attributes,
    leaves,
    quantities,
)

_CONTEXT = frozenset({"time", "sun", "finding"})


def with_context_assumed(node: Node, positive: bool = True) -> Node:
    """The condition with every part that depends on time or findings replaced by its favourable value: true when the
    values alone allow the condition to become true without another reading.

    >>> from rules.language.parser import parse
    >>> with_context_assumed(parse("opened and not finding.fire")) == parse("opened and not false")
    True
    """
    if isinstance(node, Unary) and node.operator == "not":
        return Unary("not", with_context_assumed(node.operand, not positive))
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        return Binary(
            node.operator, with_context_assumed(node.left, positive), with_context_assumed(node.right, positive)
        )
    return Constant(positive) if depends_on_context(node) else node


def depends_on_context(node: Node) -> bool:
    """Whether the result depends on time, sun or other findings."""
    return any(isinstance(leaf, AttributeRef) and leaf.owner in _CONTEXT for leaf in leaves(node))


_MIRRORED: Final = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "==": "==", "!=": "!="}


Operand = QuantityRef | WindowCall | AttributeRef | DistanceCall
"""An operand that can stand alone on one side of a comparison."""


def split_comparison(comparison: Binary) -> tuple[Operand, str, Node] | None:
    """What is compared, how, and with what: turned round if it was written `10 <= lel_pct`; None for `a + b > c`."""
    left, right, sign = comparison.left, comparison.right, comparison.operator
    if not attributes(left) and not quantities(left):
        left, right, sign = right, left, _MIRRORED[sign]
    if isinstance(left, Unary) and left.operator == "abs":
        left = left.operand
    return (left, sign, right) if isinstance(left, Operand) else None


def constant_limit(comparison: Binary) -> tuple[Operand, str, Value] | None:
    """`x sign constant` of a comparison, or `x sign default(.., constant)`; else None."""
    found = split_comparison(comparison)
    if found is None:
        return None
    leaf, sign, limit = found
    constant = constant_value(limit.right if isinstance(limit, Binary) and limit.operator == "default" else limit)
    return None if constant is None else (leaf, sign, constant)


def constant_value(node: Node) -> Value | None:
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Constant):
        return -node.operand.value  # type: ignore[operator]  # check.py refuses -true and -'text'
    return node.value if isinstance(node, Constant) else None


KnownAttributes = Mapping[AttributeRef, tuple[bool, bool]]
"""Of an attribute whether it is a yes, and whether it is written down at all."""


def possible_results(node: Node, known: KnownAttributes) -> tuple[bool, bool]:
    """Whether it may be true, and whether it may be false, whatever is measured.

    >>> from rules.language.parser import parse
    >>> possible_results(parse("person.alone and x > 1"), {AttributeRef("person", "alone"): (False, False)})
    (False, True)
    """
    if isinstance(node, AttributeRef):
        yes = known.get(node)
        return (True, True) if yes is None else (yes[0], not yes[0])
    if isinstance(node, Unary) and node.operator == "known":
        written = known.get(node.operand) if isinstance(node.operand, AttributeRef) else None
        return (True, True) if written is None else (written[1], not written[1])
    if isinstance(node, Unary) and node.operator == "not":
        true, false = possible_results(node.operand, known)
        return false, true
    if isinstance(node, Binary) and node.operator in ("and", "or"):
        (one, not_one), (other, not_other) = possible_results(node.left, known), possible_results(node.right, known)
        both = node.operator == "and"
        return (one and other, not_one or not_other) if both else (one or other, not_one and not_other)
    answer = not _is_unknown(node, known)
    return answer, answer


def _is_unknown(node: Node, known: KnownAttributes) -> bool:
    """True when nothing that is measured makes it known, for want of what is not written down."""
    if isinstance(node, AttributeRef):
        return node in known and not known[node][1]
    if isinstance(node, DistanceCall):
        return any(_is_unknown(leaf, known) for leaf in node.leaves)
    if isinstance(node, Unary):
        return node.operator not in ("not", "known") and _is_unknown(node.operand, known)
    if not isinstance(node, Binary) or node.operator in ("and", "or"):
        return False
    left, right = _is_unknown(node.left, known), _is_unknown(node.right, known)
    return (left and right) if node.operator == "default" else (left or right)
