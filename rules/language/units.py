"""Units in a condition: those its kind declares, those of functions, and two that cannot be added or compared. What
has no declared unit (attributes, plain numbers) is compatible with every unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain.kind import Quantity as Declared
from rules.language.functions import FUNCTIONS
from rules.language.nodes import (
    COMPARISONS,
    AttributeRef,
    Binary,
    Constant,
    DistanceCall,
    Node,
    QuantityRef,
    Unary,
    WindowCall,
    has_day,
    is_day,
)

TIME: Final = "ms"
"""How durations are reckoned: `idle(volume_m3, 24h) < 1h`."""
CLOCK: Final = "min of the day"
"""How times of day are reckoned: `time.minute >= 22:30`."""
SKY: Final = "deg of the sun"
_OF_ATTRIBUTES: Final[Mapping[str, str]] = {
    "time.minute": CLOCK, "time.hour": "h of the day", "time.weekday": "weekdays", "sun.elevation_deg": SKY,
}  # fmt: skip
_OF_FUNCTIONS: Final[Mapping[str, str]] = {"times": "", "time": TIME, "days": "d"}


def unit_faults(node: Node, declared: Mapping[str, Declared]) -> Iterator[str]:
    """Every two things of different units that are added, subtracted or compared, and what is divided by nothing."""
    found: list[str] = []
    _unit(node, declared, found)
    yield from found


def _unit(node: Node, declared: Mapping[str, Declared], found: list[str]) -> str | None:
    """The unit of its answer; None goes with all: it is unknown, a plain number, or no number at all."""
    if isinstance(node, Unary):
        inner = _unit(node.operand, declared, found)
        return None if node.operator == "known" else inner
    if isinstance(node, Binary):
        return _of_two(node, declared, found)
    if isinstance(node, (QuantityRef, WindowCall)):
        return _measured(node, declared, found)
    return _written(node)


def _written(node: Constant | AttributeRef | DistanceCall) -> str | None:
    if isinstance(node, Constant):
        return CLOCK if node.clock else TIME if node.duration else None
    return "m" if isinstance(node, DistanceCall) else _OF_ATTRIBUTES.get(f"{node.owner}.{node.name}")


def _measured(node: QuantityRef | WindowCall, declared: Mapping[str, Declared], found: list[str]) -> str | None:
    if isinstance(node, QuantityRef):
        return _own(declared[node.name])
    if node.test is not None:
        _unit(node.test, declared, found)
    own = _OF_FUNCTIONS.get(FUNCTIONS[node.function].unit)
    quantity = declared[node.quantity]
    if own is not None or quantity.type != "number":
        return own
    if node.test is not None:
        return ""
    return f"{quantity.unit}/h" if FUNCTIONS[node.function].unit == "hourly" else quantity.unit


def _own(quantity: Declared) -> str | None:
    return quantity.unit if quantity.type == "number" else None


def _of_two(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> str | None:
    left, right = _unit(node.left, declared, found), _unit(node.right, declared, found)
    if node.operator in ("and", "or"):
        return None
    if has_day(node):
        return TIME if node.operator == "-" and not is_day(node) else None
    if node.operator in ("*", "/"):
        if node.operator == "/" and isinstance(node.right, Constant) and node.right.value == 0:
            found.append("divides by 0, which has no answer: write another number")
        return _scaled(node, left, right)
    if left is not None and right is not None and left != right:
        found.append(
            f"{_shown(left)} and {_shown(right)} do not go together in {node.operator!r}: {_instead(left, right)}"
        )
    return None if node.operator in COMPARISONS else right if left is None else left


def _scaled(node: Binary, left: str | None, right: str | None) -> str | None:
    """A constant factor keeps the unit; products of two units have none."""
    if _is_number(node.right):
        return left
    return right if node.operator == "*" and _is_number(node.left) else None


def _is_number(node: Node) -> bool:
    return isinstance(node, Constant) and not node.duration


def _shown(unit: str) -> str:
    names = {TIME: "durations", CLOCK: "times of day", SKY: "the sun's elevation", "": "a plain count"}
    return names.get(unit, unit)


def _instead(left: str, right: str) -> str:
    if f"{left}/h" == right or f"{right}/h" == left:
        return "write rate(..), how much an hour, or increase(..), how much in all, on both sides"
    if CLOCK in (left, right):
        return "compare a time of day such as 22:30 with time.minute"
    if TIME in (left, right):
        return "write a duration such as 12h only beside idle, seen or another duration"
    return "compare each with a limit of its own, joined by and, or"
