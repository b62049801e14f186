"""The syntax tree of a condition, and queries for the quantities, attributes and windows in it. Parsed in
rules/language/parser.py, compiled in rules/language/compiler.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct

from domain import Value

OWNERS: Final = ("device", "person", "place", "time", "finding", "sun")
"""Owners of attributes: device, its person, its place; the local time (`time.hour`); active findings of the same device
or of a group it belongs to (`finding.gas_alarm` for the rule gas-alarm); the position of the sun
(`sun.elevation_deg`).
"""


class Constant(Struct, frozen=True, tag=True):
    """A number, a truth or a text. `duration`: written as one (`12h`). `clock`: written as a time of day (`22:30`), and
    held as minutes of the day, like `time.minute`."""

    value: Value
    duration: bool = False
    clock: bool = False


class QuantityRef(Struct, frozen=True, tag=True):
    """A quantity of the device's kind."""

    name: str


class AttributeRef(Struct, frozen=True, tag=True):
    """An attribute of the device, its person or its place."""

    owner: str
    name: str


class WindowCall(Struct, frozen=True, tag=True):
    """A question about the last `length_ms` of one quantity, in event time."""

    function: str
    quantity: str
    length_ms: int
    part: float = 0.0
    """Which quantile: 0.5 is the median."""
    offset_ms: int = 0
    """The window ended so long ago: `increase(volume_m3, 1d, offset 1d)` is about yesterday."""
    ahead_ms: int = 0
    """How far `predict` looks ahead."""
    test: Node | None = None
    """A condition on each sample, over one quantity and constants: `count(lel_pct > 10, 5m)`."""

    @property
    def reach_ms(self) -> int:
        """How much of the past it needs."""
        return self.length_ms + self.offset_ms


class DistanceCall(Struct, frozen=True, tag=True):
    """`distance_m(lat, lon, person.fence_lat, person.fence_lon)`: latitude and longitude of two points, each measured
    or written down. A point's datum is written beside it: `person.fence_datum`, for what is measured `device.datum`."""

    here: tuple[QuantityRef | AttributeRef, QuantityRef | AttributeRef]
    there: tuple[QuantityRef | AttributeRef, QuantityRef | AttributeRef]

    @property
    def leaves(self) -> tuple[QuantityRef | AttributeRef, ...]:
        """Its four coordinates."""
        return (*self.here, *self.there)


class Unary(Struct, frozen=True, tag=True):
    """`not x`, `-x`, `abs(x)` or `known(x)`."""

    operator: str
    operand: Node


class Binary(Struct, frozen=True, tag=True):
    """Two operands and an operator; `default` is written as a function."""

    operator: str
    left: Node
    right: Node


Node = Constant | QuantityRef | AttributeRef | WindowCall | DistanceCall | Unary | Binary
COMPARISONS: Final = frozenset({">=", "<=", "==", "!=", ">", "<"})


TODAY: Final = AttributeRef("time", "date")


def is_day(node: Node) -> bool:
    """It is a day: `time.date`, or `time.date + 30d`."""
    if isinstance(node, Binary) and node.operator in ("+", "-"):
        return is_day(node.left) and isinstance(node.right, Constant) and node.right.duration
    return node == TODAY


def has_day(node: Binary) -> bool:
    """It compares two days or subtracts one from the other; the operand beside `time.date` is read as a day."""
    if node.operator not in COMPARISONS and node.operator not in ("+", "-"):
        return False
    return is_day(node.left) or is_day(node.right)


def leaves(node: Node) -> list[Node]:
    """Every quantity, attribute, window and literal in it, from left to right."""
    if isinstance(node, Unary):
        return leaves(node.operand)
    if isinstance(node, Binary):
        return leaves(node.left) + leaves(node.right)
    return [*node.leaves] if isinstance(node, DistanceCall) else [node]


def quantities(node: Node) -> tuple[str, ...]:
    """The quantities in it, each once, in order."""
    found: dict[str, None] = {}
    for leaf in leaves(node):
        if isinstance(leaf, QuantityRef):
            found[leaf.name] = None
        elif isinstance(leaf, WindowCall):
            found[leaf.quantity] = None
    return tuple(found)


def windows(node: Node) -> list[WindowCall]:
    """The window calls in it."""
    return [leaf for leaf in leaves(node) if isinstance(leaf, WindowCall)]


def attributes(node: Node) -> list[AttributeRef]:
    """The attributes in it."""
    return [leaf for leaf in leaves(node) if isinstance(leaf, AttributeRef)]


@lru_cache(maxsize=4096)
def referenced_findings(node: Node) -> frozenset[str]:
    """The names of the rules whose findings it reads: `finding.gas_alarm` is gas-alarm."""
    return frozenset(one.name.replace("_", "-") for one in attributes(node) if one.owner == "finding")


def comparisons(node: Node) -> list[Binary]:
    """Every comparison in it, from left to right."""
    if isinstance(node, Unary):
        return comparisons(node.operand)
    if not isinstance(node, Binary):
        return []
    own = [node] if node.operator in COMPARISONS else []
    return own + comparisons(node.left) + comparisons(node.right)


def distances(node: Node) -> list[DistanceCall]:
    """The distance calls in it."""
    if isinstance(node, Unary):
        return distances(node.operand)
    if isinstance(node, Binary):
        return distances(node.left) + distances(node.right)
    return [node] if isinstance(node, DistanceCall) else []
