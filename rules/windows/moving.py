"""Windows over yes/no states move on between readings: such a device reports a change at once, so that its silence says
that nothing changed, for as long as its reporting plan allows. Of numbers and counters nothing is known meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from domain import Instant
from rules.language.functions import BASELINE_FUNCTIONS, COUNTER_FUNCTIONS
from rules.language.nodes import WindowCall
from rules.windows.history import SampleHistory, history_name

_NEVER_MOVE: Final = BASELINE_FUNCTIONS | COUNTER_FUNCTIONS | {"predict"}
_DECIDING: Final[Mapping[str, Callable[[float], bool]]] = {"max": bool, "min": lambda value: not value}
"""Samples of which one in the window gives its result; for other functions every sample counts."""


def moving_windows(windows: Iterable[WindowCall], is_bool: Collection[str]) -> tuple[WindowCall, ...]:
    """The windows of a condition, if all of them look at yes/no states; none of a condition that also needs numbers."""
    asked = tuple(windows)
    moves = all(window.quantity in is_bool and window.function not in _NEVER_MOVE for window in asked)
    return asked if moves else ()


def next_move(windows: Iterable[WindowCall], histories: Mapping[str, SampleHistory], after: Instant) -> Instant | None:
    """The first instant after `after` at which time alone may change one of these windows."""
    found = (_moves_at(window, past, after) for window in windows if (past := histories.get(history_name(window))))
    return min((at for at in found if at is not None), default=None)


def _moves_at(window: WindowCall, past: SampleHistory, after: Instant) -> Instant | None:
    """When the window has the length that `seen` asks for, when what decides its result leaves it, or when a sample
    enters one that ended a while ago."""
    times, reach_ms = past.at, window.reach_ms
    first, end = bisect_right(times, after - reach_ms), bisect_right(times, after - window.offset_ms)
    edges = [times[end] + window.offset_ms] if end < len(times) else []
    if window.function == "seen":
        edges.append(times[0] + reach_ms)
    elif (leaving := _deciding(window, past, first, end)) is not None:
        edges.append(leaving + reach_ms)
    return min((edge for edge in edges if edge > after), default=None)


def _deciding(window: WindowCall, past: SampleHistory, first: int, end: int) -> Instant | None:
    decides = None if window.test is not None else _DECIDING.get(window.function)
    if decides is None:
        return past.at[first] if first < end else None
    return next((past.at[index] for index in range(end - 1, first - 1, -1) if decides(past.values[index])), None)
