"""Public holidays, make-up workdays, and the types of a day."""

from __future__ import annotations

from datetime import date

import pytest

from domain import DayType
from domain.holidays import HOLIDAYS, KNOWN_UNTIL, MAKEUP_WORKDAYS, day_types, is_workday


@pytest.mark.parametrize(
    ("day", "is_work"),
    [
        (date(2026, 2, 14), True), (date(2026, 2, 15), False), (date(2026, 2, 23), False), (date(2026, 2, 24), True),
        (date(2026, 10, 1), False), (date(2026, 10, 8), True), (date(2026, 10, 10), True), (date(2026, 11, 21), False),
        (date(2027, 2, 8), False), (date(2027, 10, 4), True),
    ],
)  # fmt: skip
def test_holidays_and_working_weekends(day: date, is_work: bool) -> None:
    assert is_workday(day) is is_work


def test_the_holiday_data_end_with_their_stated_year() -> None:
    assert max(HOLIDAYS).year == KNOWN_UNTIL.year == 2027
    assert len([day for day in HOLIDAYS if day.year == 2026]) == 33


def test_a_day_is_a_workday_or_a_rest_day() -> None:
    assert day_types(date(2026, 11, 30)) == {DayType.WORKDAY}
    assert day_types(date(2026, 11, 28)) == {DayType.REST_DAY}
    assert day_types(date(2026, 10, 1)) == {DayType.REST_DAY, DayType.HOLIDAY}
    assert all(day_types(day) == {DayType.WORKDAY, DayType.MAKEUP_WORKDAY} for day in MAKEUP_WORKDAYS)
