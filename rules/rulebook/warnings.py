"""What is no mistake in a rulebook and still may keep a rule from ever beginning or ending: operands that may stay
unknown (decision 0015), attributes and hazards that resemble a known name, findings of rules in shadow.

A condition has three results. `lel_pct >= 10 and not fault` stays unknown for a device that never reports `fault`, and
what is unknown is no danger. Whoever writes `default(fault, false)` or `known(fault)` has said what is meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from domain import Fault
from domain.kind import Kind
from rules.language.functions import COUNTER_FUNCTIONS
from rules.language.nodes import (
    COMPARISONS,
    AttributeRef,
    Binary,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    attributes,
    leaves,
    quantities,
)
from rules.language.notation import format_expression
from rules.rulebook.attributes import suggested_attribute
from rules.rulebook.model import ANY_KIND, Rule, Rulebook

Where = tuple[str | int, ...]
WRITTEN: Final = ("device", "person", "place")
_NEVER: Final[Mapping[str, str]] = {"clear": "it never ends", "cancel": "it is never taken back"}


def warn(
    book: Rulebook, kinds: Mapping[str, Kind], known: Sequence[Rulebook] = (), hazards: Collection[str] = ()
) -> list[Fault]:
    """Every warning about a book; `known` are the other books, `hazards` those with message texts."""
    found: list[Fault] = []
    near = get_close_matches(book.hazard, sorted(hazards), n=1, cutoff=0.75) if book.hazard not in hazards else []
    if near:
        found.append(Fault(("hazard",), f"messages have no words for {book.hazard}: write {near[0]}"))
    shadows = {rule.name for one in (book, *known) for rule in one.rules if rule.shadow}
    warnings = {name for one in (book, *known) for rule in one.rules for name in rule.referenced_rules}
    for index, rule in enumerate(book.rules):
        if rule.record and rule.name not in warnings:
            found.append(
                Fault(("rules", index, "record"), "no rule asks for what it finds: gather it, or remove record")
            )
        reported = [*_unknown(rule, kinds), *_attributes(rule), *_shadowed(rule, shadows)]
        found += [Fault(("rules", index, *where), message) for where, message in dict.fromkeys(reported)]
    return found


def _shadowed(rule: Rule, shadows: Collection[str]) -> Iterator[tuple[Where, str]]:
    for name in sorted(rule.referenced_rules.intersection(shadows)):
        if not rule.shadow:
            yield (), f"{name} is in shadow, and what it finds counts for no other rule: take it out of shadow"


def _attributes(rule: Rule) -> Iterator[tuple[Where, str]]:
    for where, node in rule.conditions():
        for asked in attributes(node):
            if (other := suggested_attribute(asked.owner, asked.name)) is not None:
                yield where, f"no other rule asks for {format_expression(asked)}: did you mean {other}?"


def _unknown(rule: Rule, kinds: Mapping[str, Kind]) -> Iterator[tuple[Where, str]]:
    """Operands that may stay unknown, so that the rule never begins or ends."""
    nodes = list(rule.conditions())
    settled = {part for _, node in nodes for part in _settled(node)}
    yes_no = _yes_no(rule, kinds)
    for where, node in nodes:
        never = _NEVER.get(str(where[0]), "the rule never begins")
        for message in [*_negated(node, settled, yes_no), *_required(node, settled), *_unwritten(node, settled)]:
            yield where, message.format(never=never)


def _yes_no(rule: Rule, kinds: Mapping[str, Kind]) -> frozenset[str]:
    watched = [kind for name, kind in kinds.items() if name in rule.kinds or ANY_KIND in rule.kinds]
    return frozenset(name for kind in watched for name, one in kind.quantities.items() if one.type == "bool")


def _settled(node: Node) -> Iterator[Node]:
    """Operands that a `known(x)` guards."""
    if isinstance(node, Unary):
        yield from leaves(node.operand) if node.operator == "known" else _settled(node.operand)
    elif isinstance(node, Binary):
        yield from _settled(node.left)
        yield from _settled(node.right)


def _open(node: Node) -> Iterator[Node]:
    """The operands that make it unknown while they are: all but those of `default` and `known`."""
    if isinstance(node, Unary):
        yield from () if node.operator == "known" else _open(node.operand)
    elif isinstance(node, Binary):
        yield from _open(node.right) if node.operator == "default" else (*_open(node.left), *_open(node.right))
    elif isinstance(node, DistanceCall):
        yield node
    else:
        yield from leaves(node)


def _is_known(leaf: Node, settled: Collection[Node]) -> bool:
    return leaf in settled or (isinstance(leaf, WindowCall) and QuantityRef(leaf.quantity) in settled)


def _is_growth(leaf: Node) -> bool:
    """A window over a counter is unknown until there are enough samples; no device needs to report it at once."""
    return isinstance(leaf, WindowCall) and leaf.function in COUNTER_FUNCTIONS


# -- exclusions -----------------------------------------------------------------------------------------------------


def _negated(node: Node, settled: Collection[Node], yes_no: Collection[str]) -> Iterator[str]:
    """`not fault`, `not (temp_c > 60)` beside another quantity: it also excludes devices that never report it."""
    every = set(quantities(node))
    for part in _exclusions(node):
        own = [name for leaf in _open(part) if not _is_known(leaf, settled) for name in quantities(leaf)]
        for name in dict.fromkeys(own):
            if every - set(own):
                instead = "false" if name in yes_no else "0"
                yield (
                    f"a device that does not report {name} leaves this unknown, and {{never}}:"
                    f" write default({name}, {instead}), or known({name}) where it must be reported"
                )


def _exclusions(node: Node, negated: bool = False) -> Iterator[Node]:
    """Operands under an odd number of `not`."""
    if isinstance(node, Unary) and node.operator == "not":
        yield from _exclusions(node.operand, not negated)
    elif isinstance(node, Binary) and node.operator in ("and", "or"):
        yield from _exclusions(node.left, negated)
        yield from _exclusions(node.right, negated)
    elif negated:
        yield node


# -- several quantities at once -------------------------------------------------------------------------------------


def _required(node: Node, settled: Collection[Node]) -> Iterator[str]:
    """`lel_pct >= 10 and temp_c > 40`: only a device that reports both can fulfil it."""
    for branch in _branches(node):
        asked: dict[str, None] = {}
        for part in branch:
            names = {
                name
                for leaf in _open(part)
                if not (_is_known(leaf, settled) or _is_growth(leaf))
                for name in quantities(leaf)
            }
            asked |= dict.fromkeys(sorted(names)) if len(names) == 1 else {}
        first, *others = [*asked] or [""]
        for name in others:
            yield (
                f"a device that reports {first} and not {name} leaves this unknown, and {{never}}:"
                f" write default({name}, ..), or known({name}) where both must be reported"
            )


def _branches(node: Node) -> Iterator[list[Node]]:
    """The alternatives of a condition, each as what must hold at once."""
    if isinstance(node, Binary) and node.operator == "or":
        yield from _branches(node.left)
        yield from _branches(node.right)
        return
    yield [part for part in _conjuncts(node) if not (isinstance(part, Unary) and part.operator == "not")]


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, Binary) and node.operator == "and":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


# -- what people may not have written -------------------------------------------------------------------------------


def _unwritten(node: Node, settled: Collection[Node], alternative: bool = False) -> Iterator[str]:
    """`lel_pct >= device.limit_pct`, `device.use != 'catering'`: unknown where the attribute is not entered."""
    if isinstance(node, Unary):
        yield from _unwritten(node.operand, settled, alternative)
    elif isinstance(node, Binary) and node.operator in COMPARISONS:
        yield from _compared(node, settled, alternative)
    elif isinstance(node, Binary):
        apart = alternative or node.operator == "or"
        yield from _unwritten(node.left, settled, apart)
        yield from _unwritten(node.right, settled, apart)


def _compared(node: Binary, settled: Collection[Node], alternative: bool) -> Iterator[str]:
    operands = [*_open(node)]
    # Without a geofence no one is outside; `.. or person.heart_high > 0` tests just whether it is entered.
    measured = any(not isinstance(one, AttributeRef) and quantities(one) for one in operands)
    if any(isinstance(one, DistanceCall) for one in operands) or (alternative and not measured):
        return
    for one in dict.fromkeys(operands):
        if isinstance(one, AttributeRef) and one.owner in WRITTEN and one not in settled:
            name = format_expression(one)
            yield (
                f"where nobody wrote {name} this is unknown, and {{never}}:"
                f" write default({name}, ..), or known({name}) where it must be written"
            )
