"""Local days of a period."""

from datetime import date

from domain import DAY, HOUR
from simulators.town.calendar_days import Calendar
from simulators.town.town import Period

CALENDAR = Calendar("Asia/Shanghai")


def test_the_days_of_a_period_begin_in_it() -> None:
    first = CALENDAR.day(date(2026, 7, 6))
    days = list(CALENDAR.days(Period(first.midnight, first.midnight + 2 * DAY)))
    assert [day.date.day for day in days] == [6, 7]
    late = list(CALENDAR.days(Period(first.midnight + HOUR, first.midnight + 2 * DAY)))
    assert [day.date.day for day in late] == [7]


def test_an_instant_lies_in_its_local_day() -> None:
    day = CALENDAR.day(date(2026, 7, 6))
    assert CALENDAR.day_of(day.midnight - 1).date == date(2026, 7, 5)
    assert CALENDAR.next(CALENDAR.day_of(day.midnight), -1).date == date(2026, 7, 5)
