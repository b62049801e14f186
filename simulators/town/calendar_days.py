"""Local days of a period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain import Instant
from simulators.town.town import Period


class LocalDay(Struct, frozen=True):
    """A date, and its midnight in the town's time zone."""

    date: date
    midnight: Instant


class Calendar:
    """Dates of instants in one time zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def day_of(self, at: Instant) -> LocalDay:
        """The day in which an instant lies."""
        return self.day(datetime.fromtimestamp(at / 1000, self._zone).date())

    def day(self, of: date) -> LocalDay:
        return LocalDay(of, round(datetime.combine(of, time(), self._zone).timestamp() * 1000))

    def next(self, day: LocalDay, days: int = 1) -> LocalDay:
        """The day so many days later; earlier when negative."""
        return self.day(day.date + timedelta(days=days))

    def days(self, period: Period) -> Iterator[LocalDay]:
        """The days that begin in a period."""
        day = self.day_of(period.start)
        while day.midnight < period.end:
            if day.midnight >= period.start:
                yield day
            day = self.next(day)
