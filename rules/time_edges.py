"""When the answer of a condition that asks for the time can change next: the edges of its hours, days and holidays, by
the local clock, days on which clocks change included. It knows no devices and keeps no timers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from domain import DAY, MINUTE, Instant, Value
from rules.meaning import meaning
from rules.tree import Attribute, Binary, Distance, Literal, Node, Quantity, Unary, Window, leaves
from rules.workdays import QUARTER_MS, moment

WRITTEN: Final = frozenset({"device", "person", "place"})
FARTHEST: Final = {"day": 400 * DAY, "quarter": 2 * DAY, "minute": 2 * DAY}
"""How far is looked ahead; when nothing changes until then, it is looked at again."""
_STEPS: Final = {"weekday": "day", "workday": "day", "holiday": "day", "hour": "quarter"}
"""How often what a name stands for may change; of others every minute is looked at."""
UNKNOWN: Final = Quantity("")
"""What nobody measures and nobody wrote down."""

Written = Callable[[Attribute], Value | None]
"""What people wrote down of a device, its person or its place."""


class _Clock:
    """A scope that knows nothing but the time."""

    __slots__ = ("_at", "_zone", "values")

    def __init__(self, at: Instant, zone: tzinfo) -> None:
        self._at, self._zone = at, zone
        self.values: dict[str, Value] = {}

    def attribute(self, _owner: str, name: str) -> Value | None:
        return moment(self._at, self._zone, name)

    def window(self, _window: Window) -> float | None:
        return None


def time_atoms(node: Node) -> tuple[Node, ...]:
    """The smallest parts of a condition that are true or false by the time alone, given what is written down; of a part
    that mixes the time with what is measured or found, the bare `time.hour`."""
    return tuple(dict.fromkeys(_atoms(node)))


def _atoms(node: Node) -> Iterator[Node]:
    if not any(_is_time(leaf) for leaf in leaves(node)):
        return
    if isinstance(node, Unary) and node.sign == "not":
        yield from _atoms(node.operand)
    elif isinstance(node, Binary) and node.sign in ("and", "or"):
        yield from _atoms(node.left)
        yield from _atoms(node.right)
    elif all(isinstance(leaf, Literal) or _is_time(leaf) or _is_written(leaf) for leaf in leaves(node)):
        yield node
    else:
        yield from (leaf for leaf in leaves(node) if _is_time(leaf))


def _is_time(leaf: Node) -> bool:
    return isinstance(leaf, Attribute) and leaf.owner == "time"


def _is_written(leaf: Node) -> bool:
    return isinstance(leaf, Attribute) and leaf.owner in WRITTEN


def next_edge(atoms: tuple[Node, ...], written: Written, zone: tzinfo, after: Instant) -> Instant | None:
    """The first instant later than `after` at which one of them changes; None when nothing asks for the time."""
    return min((_edge(filled(atom, written), zone, after) for atom in atoms), default=None)


def filled(node: Node, written: Written) -> Node:
    """The part with what people wrote in place of its names, so that devices of which the same is written share it."""
    if isinstance(node, Attribute) and node.owner in WRITTEN:
        value = written(node)
        return UNKNOWN if value is None else Literal(value)
    if isinstance(node, Unary):
        return Unary(node.sign, filled(node.operand, written))
    if isinstance(node, Binary):
        return Binary(node.sign, filled(node.left, written), filled(node.right, written))
    assert not isinstance(node, (Distance, Window))  # the time stands in neither
    return node


class _Lasting:
    """From when to when an atom keeps its answer: asked for thousands of devices, looked for once."""

    __slots__ = ("after", "until")

    def __init__(self) -> None:
        self.after: Instant = 0
        self.until: Instant = 0


@lru_cache(maxsize=4096)
def _lasting(_atom: Node, _zone: tzinfo) -> _Lasting:
    return _Lasting()


def _edge(atom: Node, zone: tzinfo, after: Instant) -> Instant:
    known = _lasting(atom, zone)
    if not known.after <= after < known.until:
        known.after, known.until = after, _looked_for(atom, zone, after)
    return known.until


def _looked_for(atom: Node, zone: tzinfo, after: Instant) -> Instant:
    answer = _answer_of(atom)
    now = answer(_Clock(after, zone))
    names = {leaf.name for leaf in leaves(atom) if isinstance(leaf, Attribute)}
    step = max((_STEPS.get(name, "minute") for name in names), key=("day", "quarter", "minute").index, default="day")
    at = after
    while at - after < FARTHEST[step]:
        at = _next(step, zone, at)
        if answer(_Clock(at, zone)) != now:
            break
    return at


def _answer_of(atom: Node) -> Callable[[_Clock], Value | None]:
    if isinstance(atom, Attribute):  # its value, not whether it is a yes
        return lambda clock: clock.attribute(atom.owner, atom.name)
    judge = meaning(atom)

    def answer(clock: _Clock) -> Value | None:
        try:
            return judge(clock)
        except TypeError:  # `time.hour >= person.bedtime`, where somebody wrote a word
            return None

    return answer


def _next(step: str, zone: tzinfo, at: Instant) -> Instant:
    """The next local midnight, quarter of an hour or minute."""
    if step != "day":
        length = QUARTER_MS if step == "quarter" else MINUTE
        return (at // length + 1) * length
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
    return max(round(tomorrow.timestamp() * 1000), at + 1)
