"""What a condition reckons with: the units its kind declares, and two of them that cannot be added or compared. It
judges no readings; what nobody declared (attributes, plain numbers) goes with every unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain.kind import Quantity as Declared
from rules.tree import COMPARISONS, Attribute, Binary, Distance, Literal, Node, Quantity, Unary, Window

TIME: Final = "ms"
"""How durations are reckoned: `idle(volume_m3, 24h) < 1h`."""
_OF_ITS_OWN: Final[Mapping[str, str]] = {"count": "", "idle": TIME, "seen": TIME, "days_left": "d"}
"""Windows whose answer has a unit of its own."""


def mixed(node: Node, declared: Mapping[str, Declared]) -> Iterator[str]:
    """Every two things of different units that are added, subtracted or compared, and what is divided by nothing."""
    found: list[str] = []
    _unit(node, declared, found)
    yield from found


def _unit(node: Node, declared: Mapping[str, Declared], found: list[str]) -> str | None:
    """The unit of its answer; None goes with all: it is unknown, a plain number, or no number at all."""
    if isinstance(node, Unary):
        return _unit(node.operand, declared, found)
    if isinstance(node, Binary):
        return _of_two(node, declared, found)
    if isinstance(node, Literal):
        return TIME if node.duration else None
    if isinstance(node, Distance):
        return "m"
    return None if isinstance(node, Attribute) else _measured(node, declared)


def _measured(node: Quantity | Window, declared: Mapping[str, Declared]) -> str | None:
    quantity = declared[node.name if isinstance(node, Quantity) else node.quantity]
    own = _OF_ITS_OWN.get(node.function) if isinstance(node, Window) else None
    if own is not None or quantity.type != "number":
        return own
    hourly = isinstance(node, Window) and node.function == "rate"
    return f"{quantity.unit}/h" if hourly else quantity.unit


def _of_two(node: Binary, declared: Mapping[str, Declared], found: list[str]) -> str | None:
    left, right = _unit(node.left, declared, found), _unit(node.right, declared, found)
    if node.sign in ("and", "or"):
        return None
    if node.sign in ("*", "/"):
        if node.sign == "/" and isinstance(node.right, Literal) and node.right.value == 0:
            found.append("divides by 0, which has no answer: write another number")
        return _scaled(node, left, right)
    if left is not None and right is not None and left != right:
        found.append(f"{_shown(left)} and {_shown(right)} do not go together in {node.sign!r}: {_instead(left, right)}")
    return None if node.sign in COMPARISONS else right if left is None else left


def _scaled(node: Binary, left: str | None, right: str | None) -> str | None:
    """A number of something is that something. What two units make of each other nobody judges."""
    if _is_number(node.right):
        return left
    return right if node.sign == "*" and _is_number(node.left) else None


def _is_number(node: Node) -> bool:
    return isinstance(node, Literal) and not node.duration


def _shown(unit: str) -> str:
    return "durations" if unit == TIME else unit or "a plain count"


def _instead(left: str, right: str) -> str:
    if f"{left}/h" == right or f"{right}/h" == left:
        return "write rate(..), how much an hour, or increase(..), how much in all, on both sides"
    if TIME in (left, right):
        return "write a duration such as 12h only beside idle, seen or another duration"
    return "compare each with a limit of its own, joined by and, or"
