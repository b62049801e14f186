"""What a condition may look at while one reading is judged: its values, what was said shortly before, the past of its
counters, and what people wrote about the device, its person and its place. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant, Value
from rules.engine.community_index import Neighbourhood
from rules.language.local_calendar import moment, offset_ms
from rules.language.nodes import Window
from rules.language.sun import sky
from rules.state.device import Seat
from rules.windows.history import History, history_of
from rules.windows.trend import days_left


class Scope:
    """One reading, as the conditions see it."""

    __slots__ = ("_at", "_histories", "_past_at", "_seat", "neighbourhood", "values")

    def __init__(
        self,
        seat: Seat,
        neighbourhood: Neighbourhood,
        at: Instant,
        values: Mapping[str, Value],
        past_at: Instant | None = None,
    ) -> None:
        """`past_at`: when the values were measured, if they are judged again later; windows look back from there."""
        self._seat, self.neighbourhood, self._at, self.values = seat, neighbourhood, at, values
        self._past_at = at if past_at is None else past_at
        self._histories: Mapping[str, History] = seat.histories or {}

    def attribute(self, owner: str, name: str) -> Value | None:
        """What people wrote about device, person or place; the time; what else was found."""
        if owner == "time":
            return moment(self._at, self.neighbourhood.zone_of(self._seat.device), name)
        if owner == "sun":
            return sky(self._at, self.neighbourhood.point_of(self._seat.device), name)
        if owner == "finding":
            return self.neighbourhood.stands(self._seat, name.replace("_", "-"))
        return self.neighbourhood.attribute(self._seat.device, owner, name)

    def window(self, window: Window) -> float | None:
        """What the past of a quantity says at the reading's event time."""
        if window.function == "usual":
            learned = (self._seat.usuals or {}).get(window.quantity)
            if learned is None:
                return None
            return learned.ask(self._past_at, offset_ms(self._past_at, self.neighbourhood.zone_of(self._seat.device)))
        if window.function == "days_left":
            return self._days_left(window.quantity)
        past = self._histories.get(history_of(window))
        if past is None or window.quantity not in self.values:
            return None
        return past.ask(window, self._past_at)

    def _days_left(self, quantity: str) -> float | None:
        trend, value = (self._seat.trends or {}).get(quantity), self.values.get(quantity)
        return days_left(trend, self._past_at, value) if trend is not None and isinstance(value, (int, float)) else None
