"""Which rules may begin at all about a device: most ask for what people wrote of it, of its person and its place, and
of most nobody wrote it. It knows no readings; what was measured, the time and other findings may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from domain import Device
from rules.expression import parse
from rules.meaning import YES
from rules.tree import Attribute, Binary, Distance, Node, Unary, attributes

if TYPE_CHECKING:
    from rules.conditions import Condition
    from rules.plan import PlannedRule
    from rules.scope import Neighbourhood

WRITTEN: Final = frozenset({"device", "person", "place"})
Known = Mapping[Attribute, tuple[bool, bool]]
"""Of an attribute whether it is a yes, and whether it is written down at all."""


class Minded:
    """Those rules that may begin about devices of one kind of which the same is written. Shared by all of them."""

    __slots__ = ("by", "judged", "near", "pensive")

    def __init__(self, by: Mindful, near: Neighbourhood, rules: tuple[tuple[PlannedRule, Condition], ...]) -> None:
        self.by, self.near, self.judged = by, near, rules
        self.pensive = tuple((rule, condition) for rule, condition in rules if not condition.alone)


class Mindful:
    """The rules of one kind, sorted out by what is written."""

    def __init__(self, rules: Sequence[tuple[PlannedRule, Condition]]) -> None:
        self._rules = [(each, _conditions(each[0])) for each in rules]
        asked = [attribute for _, nodes in self._rules for node in nodes for attribute in attributes(node)]
        self._asked = tuple(dict.fromkeys(one for one in asked if one.owner in WRITTEN))
        self._known: dict[tuple[tuple[bool, bool], ...], Minded] = {}

    def of(self, device: Device, near: Neighbourhood) -> Minded:
        """The rules that may begin about this device."""
        written = [near.attribute(device, one.owner, one.name) for one in self._asked]
        key = tuple((value in YES, value is not None) for value in written)
        minded = self._known.get(key)
        if minded is None or minded.near is not near:
            known = dict(zip(self._asked, key, strict=True))
            rules = tuple(each for each, nodes in self._rules if all(may(node, known)[0] for node in nodes))
            minded = self._known[key] = Minded(self, near, rules)
        return minded


def _conditions(planned: PlannedRule) -> list[Node]:
    rule = planned.rule
    return [rule.question] if rule.only_if is None else [rule.question, parse(rule.only_if)]


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
