"""How long something lasts that only falls: a battery, by the slope of two to four weeks. An exchange begins anew. It
knows no rules and no devices; what it has not seen for two weeks it does not foretell.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Instant

LEAST_MS: Final = 14 * DAY
"""A slope of less is weather: cold batteries say less than warm ones."""
STEP_MS: Final = 6 * HOUR
"""Looked at no more often: weeks are not learned by the minute."""
EXCHANGED: Final = 10.0
"""What rises by so much is another battery, or was charged."""


class Trend(Struct, frozen=True, array_like=True, gc=False):
    """Where it stood at two instants at least two weeks apart, the older of which is let go in time, and last."""

    since: Instant
    first: float
    mid: Instant
    middle: float
    at: Instant
    last: float


def followed(trend: Trend | None, at: Instant, value: float) -> Trend:
    """The trend after one more measurement; the same one when it teaches nothing.

    >>> trend = followed(None, 0, 100.0)
    >>> days_left(followed(trend, 20 * DAY, 60.0), 20 * DAY, 60.0)
    30.0
    """
    if trend is None or (at >= trend.at and value >= trend.last + EXCHANGED):
        return Trend(at, value, at, value, at, value)
    if at - trend.at < STEP_MS:
        return trend
    if at - trend.mid < LEAST_MS:
        return Trend(trend.since, trend.first, trend.mid, trend.middle, at, value)
    return Trend(trend.mid, trend.middle, at, value, at, value)


def days_left(trend: Trend, at: Instant, value: float) -> float | None:
    """How many days until nothing is left, if it goes on so; None for what does not fall or was not seen for long."""
    span, fallen = at - trend.since, trend.first - value
    return round(value * span / fallen / DAY, 1) if span >= LEAST_MS and fallen > 0 else None
