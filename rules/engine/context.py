"""EvaluationContext: what a condition can look up while one reading is evaluated: values, last values, windows,
attributes, time, sun and active findings.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import Instant, Value
from rules.engine.community_index import CommunityIndex
from rules.language.local_calendar import calendar_value, utc_offset_ms
from rules.language.nodes import WindowCall
from rules.language.sun import sun_value
from rules.state.device import DeviceState
from rules.windows.history import SampleHistory, history_name
from rules.windows.trend import days_left


class EvaluationContext:
    """One reading, as the conditions see it."""

    __slots__ = ("_at", "_histories", "_past_at", "_state", "_states_at", "community", "values")

    def __init__(
        self,
        state: DeviceState,
        community: CommunityIndex,
        at: Instant,
        values: Mapping[str, Value],
        past_at: Instant | None = None,
        states_at: Instant | None = None,
    ) -> None:
        """`past_at`: when the values were measured, if they are judged again later; windows look back from there, but
        those over yes/no states from `states_at` where it is given (rules/windows/moving.py)."""
        self._state, self.community, self._at, self.values = state, community, at, values
        self._past_at = at if past_at is None else past_at
        self._states_at = self._past_at if states_at is None else states_at
        self._histories: Mapping[str, SampleHistory] = state.histories or {}

    def attribute(self, owner: str, name: str) -> Value | None:
        """Attribute of device, person or place; local time, position of the sun; whether another finding is active."""
        if owner == "time":
            return calendar_value(self._at, self.community.zone_of(self._state.device), name)
        if owner == "sun":
            return sun_value(self._at, self.community.point_of(self._state.device), name)
        if owner == "finding":
            return self.community.is_active(self._state, name.replace("_", "-"))
        return self.community.attribute(self._state.device, owner, name)

    def window(self, window: WindowCall) -> float | None:
        """The value of a window function at the event time of the reading; None when unknown."""
        if window.function == "usual":
            learned = (self._state.baselines or {}).get(window.quantity)
            if learned is None:
                return None
            return learned.expected_at(
                self._past_at, utc_offset_ms(self._past_at, self.community.zone_of(self._state.device))
            )
        if window.function == "days_left":
            return self._days_left(window.quantity)
        past = self._histories.get(history_name(window))
        if past is None or window.quantity not in self.values:
            return None
        return past.query(window, self._states_at if past.is_bool else self._past_at)

    def _days_left(self, quantity: str) -> float | None:
        trend, value = (self._state.trends or {}).get(quantity), self.values.get(quantity)
        return days_left(trend, self._past_at, value) if trend is not None and isinstance(value, (int, float)) else None
