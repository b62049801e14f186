"""The next instant at which a condition changes by time alone: edges of hours, days and holidays by the local clock,
days with clock changes included, and sunset and sunrise at the position of the device. Schedules no timers.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from domain import DAY, MINUTE, Instant, Value
from domain.geo import Point
from rules.language.compiler import compile_expression
from rules.language.local_calendar import QUARTER_MS, calendar_value
from rules.language.nodes import (
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    leaves,
)
from rules.language.sun import EDGES, next_change, sun_value

STATIC_OWNERS: Final = frozenset({"device", "person", "place"})
MAX_LOOKAHEAD_MS: Final = {"day": 400 * DAY, "quarter": 2 * DAY, "dusk": 2 * DAY, "minute": 2 * DAY}
"""How far is looked ahead; when nothing changes until then, it is looked at again."""
_LATEST: Final = sys.maxsize
MAX_KNOWN_INTERVALS: Final = 64
"""A month of nights and days; the earliest is forgotten."""
_STEPS: Final = {
    "weekday": "day", "workday": "day", "holiday": "day", "date": "day", "hour": "quarter",
    **dict.fromkeys(EDGES, "dusk"),
}  # fmt: skip
"""How often the value of a name may change; others, and expressions that mix clock and sun, are checked every minute.
"""
_CALCULATED: Final = frozenset({"time", "sun"})
UNKNOWN: Final = QuantityRef("")
"""An operand that is always unknown."""

AttributeLookup = Callable[[AttributeRef], Value | None]
"""Looks up an attribute of a device, its person or its place."""


class Location(NamedTuple):
    """By which clock, and under which sun; without a point nothing is known of the sun."""

    zone: tzinfo
    point: Point | None = None


class _TimeContext:
    """A context in which only time and sun are known."""

    __slots__ = ("_at", "_spot", "values")

    def __init__(self, at: Instant, spot: Location) -> None:
        self._at, self._spot = at, spot
        self.values: dict[str, Value] = {}

    def attribute(self, owner: str, name: str) -> Value | None:
        return (
            calendar_value(self._at, self._spot.zone, name)
            if owner == "time"
            else sun_value(self._at, self._spot.point, name)
        )

    def window(self, _window: WindowCall) -> float | None:
        return None


def time_conditions(node: Node) -> tuple[Node, ...]:
    """The smallest parts of a condition that are true or false by the time alone, given what is written down; of a part
    that mixes the time with what is measured or found, the bare `time.hour`."""
    return tuple(dict.fromkeys(_atoms(node)))


def _atoms(node: Node) -> Iterator[Node]:
    if not any(_is_time(leaf) for leaf in leaves(node)):
        return
    if isinstance(node, Unary) and node.operator == "not":
        yield from _atoms(node.operand)
    elif isinstance(node, Binary) and node.operator in ("and", "or"):
        yield from _atoms(node.left)
        yield from _atoms(node.right)
    elif all(isinstance(leaf, Constant) or _is_time(leaf) or _is_static(leaf) for leaf in leaves(node)):
        yield node
    else:
        yield from (leaf for leaf in leaves(node) if _is_time(leaf))


def _is_time(leaf: Node) -> bool:
    return isinstance(leaf, AttributeRef) and leaf.owner in _CALCULATED


def _is_static(leaf: Node) -> bool:
    return isinstance(leaf, AttributeRef) and leaf.owner in STATIC_OWNERS


def next_edge(atoms: tuple[Node, ...], written: AttributeLookup, spot: Location, after: Instant) -> Instant | None:
    """The first instant after `after` at which one of the conditions changes; None without conditions."""
    return min((_edge(with_known_attributes(atom, written), spot, after) for atom in atoms), default=None)


def with_known_attributes(node: Node, written: AttributeLookup) -> Node:
    """The condition with attributes replaced by their values, so that devices with equal attributes share the
    result."""
    if isinstance(node, AttributeRef) and node.owner in STATIC_OWNERS:
        value = written(node)
        return UNKNOWN if value is None else Constant(value)
    if isinstance(node, Unary):
        return Unary(node.operator, with_known_attributes(node.operand, written))
    if isinstance(node, Binary):
        return Binary(
            node.operator, with_known_attributes(node.left, written), with_known_attributes(node.right, written)
        )
    assert not isinstance(node, (DistanceCall, WindowCall))  # the time stands in neither
    return node


class _KnownIntervals:
    """Intervals in which a condition keeps its value: asked for thousands of devices, each computed once. Readings
    arrive late, and trials begin anew: several are kept."""

    __slots__ = ("_intervals",)

    def __init__(self) -> None:
        self._intervals: list[tuple[Instant, Instant]] = []

    def end_at(self, at: Instant) -> Instant | None:
        """The end of the known interval that this instant lies in."""
        known = self._intervals
        index = bisect_right(known, (at, _LATEST)) - 1
        return known[index][1] if index >= 0 and at < known[index][1] else None

    def add(self, begin: Instant, end: Instant) -> None:
        """An interval that begins in none of the known ones. One with the same end is part of it."""
        known = self._intervals
        index = bisect_right(known, (begin, _LATEST))
        if index < len(known) and known[index][1] == end:
            known[index] = begin, end
            return
        known.insert(index, (begin, end))
        if len(known) > MAX_KNOWN_INTERVALS:
            del known[0]


@lru_cache(maxsize=4096)
def _known_intervals(_atom: Node, _spot: Location) -> _KnownIntervals:
    return _KnownIntervals()


@lru_cache(maxsize=4096)
def _asks_sun(atom: Node) -> bool:
    return any(isinstance(leaf, AttributeRef) and leaf.owner == "sun" for leaf in leaves(atom))


def _edge(atom: Node, spot: Location, after: Instant) -> Instant:
    spot = spot if _asks_sun(atom) else Location(spot.zone)  # hours are shared by a town
    known = _known_intervals(atom, spot)
    edge = known.end_at(after)
    if edge is None:
        edge = _find_edge(atom, spot, after)
        known.add(after, edge)
    return edge


def _find_edge(atom: Node, spot: Location, after: Instant) -> Instant:
    answer = _compile_atom(atom)
    now = answer(_TimeContext(after, spot))
    step = _step(atom)
    at = after
    while at - after < MAX_LOOKAHEAD_MS[step]:
        at = _next(step, spot, at)
        if answer(_TimeContext(at, spot)) != now:
            break
    return at


def _step(atom: Node) -> str:
    steps = {_STEPS.get(leaf.name, "minute") for leaf in leaves(atom) if isinstance(leaf, AttributeRef)}
    if steps == {"day", "quarter"}:
        return "quarter"
    return steps.pop() if len(steps) == 1 else "minute"


def _compile_atom(atom: Node) -> Callable[[_TimeContext], Value | None]:
    if isinstance(atom, AttributeRef):  # its value, not whether it is a yes
        return lambda clock: clock.attribute(atom.owner, atom.name)
    judge = compile_expression(atom)

    def answer(clock: _TimeContext) -> Value | None:
        try:
            return judge(clock)
        except TypeError:  # `time.hour >= person.bedtime`, where a text was entered
            return None

    return answer


def _next(step: str, spot: Location, at: Instant) -> Instant:
    """The next local midnight, quarter of an hour, minute, or change of the light (a day later where there is none)."""
    if step == "dusk":
        changes = () if spot.point is None else (next_change(name, at, spot.point) for name in EDGES)
        return min((change for change in changes if change is not None), default=at + DAY)
    if step != "day":
        length = QUARTER_MS if step == "quarter" else MINUTE
        return (at // length + 1) * length
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(spot.zone)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), spot.zone)
    return max(round(tomorrow.timestamp() * 1000), at + 1)
