"""Linear trend of a quantity that only falls, such as a battery: days left by the slope of two to four weeks. A rise
starts it anew.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Instant

MIN_SPAN_MS: Final = 14 * DAY
"""A shorter slope reflects temperature: cold batteries report less than warm ones."""
STEP_MS: Final = 6 * HOUR
"""Looked at no more often: weeks are not learned by the minute."""
REPLACED_RISE_PCT: Final = 10.0
"""What rises by so much is another battery, or was charged."""


class Trend(Struct, frozen=True, array_like=True, gc=False):
    """The value at two instants at least two weeks apart, the older one replaced in time, and the last value."""

    since: Instant
    first: float
    mid: Instant
    middle: float
    at: Instant
    last: float


def update_trend(trend: Trend | None, at: Instant, value: float) -> Trend:
    """The trend after one more measurement; the same one when it teaches nothing.

    >>> trend = update_trend(None, 0, 100.0)
    >>> days_left(update_trend(trend, 20 * DAY, 60.0), 20 * DAY, 60.0)
    30.0
    """
    if trend is None or (at >= trend.at and value >= trend.last + REPLACED_RISE_PCT):
        return Trend(at, value, at, value, at, value)
    if at - trend.at < STEP_MS:
        return trend
    if at - trend.mid < MIN_SPAN_MS:
        return Trend(trend.since, trend.first, trend.mid, trend.middle, at, value)
    return Trend(trend.mid, trend.middle, at, value, at, value)


def days_left(trend: Trend, at: Instant, value: float) -> float | None:
    """How many days until nothing is left, if it goes on so; None for what does not fall or was not seen for long."""
    span, fallen = at - trend.since, trend.first - value
    return round(value * span / fallen / DAY, 1) if span >= MIN_SPAN_MS and fallen > 0 else None
