"""The tree of a condition: what can stand in it, and what it speaks of. It knows neither notation nor meaning."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Value

OWNERS: Final = ("device", "person", "place", "time", "finding")
"""What people wrote about a device, its person, its place; the local time (`time.hour`); and what other rules found of
the same device, or of a group it belongs to (`finding.gas_alarm` while the rule gas-alarm stands)."""
COUNTER_WINDOWS: Final = ("increase", "rate", "idle")
"""Of a counter over a time: how much it grew, how much an hour, its longest standstill."""
GAUGE_WINDOWS: Final = ("sum", "min", "max", "mean", "count", "last", "quantile", "seen")
"""Of what was measured in a time. `quantile(x, 0.9, 1h)`; `seen(x, 24h)`: how much of the time the readings span."""
WINDOWS: Final = (*COUNTER_WINDOWS, *GAUGE_WINDOWS)
LEARNED: Final = ("usual", "days_left")
"""Of what a device itself has said for weeks."""
FUNCTIONS: Final = ("abs", "default", "distance_m", *LEARNED, *WINDOWS)
"""`abs(x)`; `default(device.limit_mm, 1500)`: the first, or the second where the first is unknown;
`distance_m(lat, lon, person.fence_lat, person.fence_lon)`: metres between two points;
`usual(x)`: what is usual at this hour of the week, learned from the device itself; `days_left(battery_pct)`: until it
is empty, by its slope; and the windows."""


class Literal(Struct, frozen=True, tag=True):
    """A number, a truth or a text; `duration` remembers that it was written as one."""

    value: Value
    duration: bool = False


class Quantity(Struct, frozen=True, tag=True):
    """A quantity of the device's kind."""

    name: str


class Attribute(Struct, frozen=True, tag=True):
    """An attribute of the device, its person or its place."""

    owner: str
    name: str


class Window(Struct, frozen=True, tag=True):
    """A question about the last `length_ms` of one quantity, in event time."""

    function: str
    quantity: str
    length_ms: int
    part: float = 0.0
    """Which quantile: 0.5 is the median."""


class Distance(Struct, frozen=True, tag=True):
    """`distance_m(lat, lon, person.fence_lat, person.fence_lon)`: latitude and longitude of two points, each measured
    or written down. A point's datum is written beside it: `person.fence_datum`, for what is measured `device.datum`."""

    here: tuple[Quantity | Attribute, Quantity | Attribute]
    there: tuple[Quantity | Attribute, Quantity | Attribute]

    @property
    def leaves(self) -> tuple[Quantity | Attribute, ...]:
        """Its four coordinates."""
        return (*self.here, *self.there)


class Unary(Struct, frozen=True, tag=True):
    """`not x`, `-x` or `abs(x)`."""

    sign: str
    operand: Node


class Binary(Struct, frozen=True, tag=True):
    """Two operands and what stands between them; `default` is written as a function."""

    sign: str
    left: Node
    right: Node


Node = Literal | Quantity | Attribute | Window | Distance | Unary | Binary
COMPARISONS: Final = frozenset({">=", "<=", "==", "!=", ">", "<"})


def leaves(node: Node) -> list[Node]:
    """Every quantity, attribute, window and literal in it, from left to right."""
    if isinstance(node, Unary):
        return leaves(node.operand)
    if isinstance(node, Binary):
        return leaves(node.left) + leaves(node.right)
    return [*node.leaves] if isinstance(node, Distance) else [node]


def quantities(node: Node) -> tuple[str, ...]:
    """The quantities it speaks of, each once, in order."""
    found: dict[str, None] = {}
    for leaf in leaves(node):
        if isinstance(leaf, Quantity):
            found[leaf.name] = None
        elif isinstance(leaf, Window):
            found[leaf.quantity] = None
    return tuple(found)


def windows(node: Node) -> list[Window]:
    """The questions it asks about the past."""
    return [leaf for leaf in leaves(node) if isinstance(leaf, Window)]


def attributes(node: Node) -> list[Attribute]:
    """What it must know about the device, its person and its place."""
    return [leaf for leaf in leaves(node) if isinstance(leaf, Attribute)]


def comparisons(node: Node) -> list[Binary]:
    """Every comparison in it, from left to right."""
    if isinstance(node, Unary):
        return comparisons(node.operand)
    if not isinstance(node, Binary):
        return []
    own = [node] if node.sign in COMPARISONS else []
    return own + comparisons(node.left) + comparisons(node.right)


def distances(node: Node) -> list[Distance]:
    """Every distance it asks for."""
    if isinstance(node, Unary):
        return distances(node.operand)
    if isinstance(node, Binary):
        return distances(node.left) + distances(node.right)
    return [node] if isinstance(node, Distance) else []
