"""When the answer of a condition that asks for the time can change next: the edges of its hours, days and holidays, by
the local clock, days on which clocks change included, and sunset and sunrise where the device is. It keeps no timers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from domain import DAY, MINUTE, Instant, Value
from domain.geo import Point
from rules.language.compiler import meaning
from rules.language.local_calendar import QUARTER_MS, moment
from rules.language.nodes import Attribute, Binary, Distance, Literal, Node, Quantity, Unary, Window, leaves
from rules.language.sun import EDGES, next_change, sky

WRITTEN: Final = frozenset({"device", "person", "place"})
FARTHEST: Final = {"day": 400 * DAY, "quarter": 2 * DAY, "dusk": 2 * DAY, "minute": 2 * DAY}
"""How far is looked ahead; when nothing changes until then, it is looked at again."""
_STEPS: Final = {
    "weekday": "day", "workday": "day", "holiday": "day", "date": "day", "hour": "quarter",
    **dict.fromkeys(EDGES, "dusk"),
}  # fmt: skip
"""How often what a name stands for may change; of others, and of clock and sun in one part, every minute is looked
at."""
_CALCULATED: Final = frozenset({"time", "sun"})
UNKNOWN: Final = Quantity("")
"""What nobody measures and nobody wrote down."""

Written = Callable[[Attribute], Value | None]
"""What people wrote down of a device, its person or its place."""


class Spot(NamedTuple):
    """By which clock, and under which sun; without a point nothing is known of the sun."""

    zone: tzinfo
    point: Point | None = None


class _Clock:
    """A scope that knows nothing but the time."""

    __slots__ = ("_at", "_spot", "values")

    def __init__(self, at: Instant, spot: Spot) -> None:
        self._at, self._spot = at, spot
        self.values: dict[str, Value] = {}

    def attribute(self, owner: str, name: str) -> Value | None:
        return moment(self._at, self._spot.zone, name) if owner == "time" else sky(self._at, self._spot.point, name)

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
    return isinstance(leaf, Attribute) and leaf.owner in _CALCULATED


def _is_written(leaf: Node) -> bool:
    return isinstance(leaf, Attribute) and leaf.owner in WRITTEN


def next_edge(atoms: tuple[Node, ...], written: Written, spot: Spot, after: Instant) -> Instant | None:
    """The first instant later than `after` at which one of them changes; None when nothing asks for the time."""
    return min((_edge(filled(atom, written), spot, after) for atom in atoms), default=None)


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
def _lasting(_atom: Node, _spot: Spot) -> _Lasting:
    return _Lasting()


def _edge(atom: Node, spot: Spot, after: Instant) -> Instant:
    asks_sun = any(isinstance(leaf, Attribute) and leaf.owner == "sun" for leaf in leaves(atom))
    spot = spot if asks_sun else Spot(spot.zone)  # hours are shared by a town
    known = _lasting(atom, spot)
    if not known.after <= after < known.until:
        known.after, known.until = after, _looked_for(atom, spot, after)
    return known.until


def _looked_for(atom: Node, spot: Spot, after: Instant) -> Instant:
    answer = _answer_of(atom)
    now = answer(_Clock(after, spot))
    step = _step(atom)
    at = after
    while at - after < FARTHEST[step]:
        at = _next(step, spot, at)
        if answer(_Clock(at, spot)) != now:
            break
    return at


def _step(atom: Node) -> str:
    steps = {_STEPS.get(leaf.name, "minute") for leaf in leaves(atom) if isinstance(leaf, Attribute)}
    if steps == {"day", "quarter"}:
        return "quarter"
    return steps.pop() if len(steps) == 1 else "minute"


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


def _next(step: str, spot: Spot, at: Instant) -> Instant:
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
