"""Hours of roster lines: types of days, nights over midnight, and nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.shifts import is_on_shift
from domain import DAY, MINUTE, DayType, Duty
from tests.alerts.roster.clock_changes import ZONE_NIGHTS, utc

TZ = ZoneInfo("Asia/Shanghai")


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440), st.lists(st.integers(0, 1439), min_size=1, unique=True))
def test_consecutive_shifts_have_no_gap_and_no_overlap_when_clocks_change(
    zone_and_night: tuple[str, tuple[int, int, int]], minutes: int, changes: list[int]
) -> None:
    zone, night = zone_and_night
    marks = sorted(changes)
    shifts = [
        Duty(str(index), "grid", "worker", "a", from_minute=begin, to_minute=end)
        for index, (begin, end) in enumerate(zip(marks, [*marks[1:], marks[0]], strict=True))
    ]
    now = int((datetime(*night, tzinfo=UTC) - timedelta(days=1)).timestamp() * 1000) + minutes * MINUTE
    assert sum(is_on_shift(shift, now, ZoneInfo(zone)) for shift in shifts) == 1


def test_a_night_shift_ends_at_its_hour_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    saturday_night = Duty("1", "g", "worker", "a", weekdays=(6,), from_minute=1320, to_minute=360)
    assert is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 5, 59), berlin)
    assert not is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 6), berlin)


# -- types of days --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "days", "holds"),
    [
        ((10, 1), (DayType.WORKDAY,), False),  # National Day, a Thursday
        ((10, 10), (DayType.WORKDAY,), True),  # a Saturday made a workday
        ((10, 10), (DayType.REST_DAY,), False),
        ((10, 10), (DayType.MAKEUP_WORKDAY,), True),
        ((10, 11), (DayType.REST_DAY,), True),
        ((10, 11), (DayType.HOLIDAY,), False),
        ((10, 2), (DayType.HOLIDAY, DayType.MAKEUP_WORKDAY), True),
    ],
)
def test_a_line_may_be_for_workdays_rest_days_holidays_or_makeup_workdays(
    day: tuple[int, int], days: tuple[DayType, ...], holds: bool
) -> None:
    noon = int(datetime(2026, *day, 12, tzinfo=TZ).timestamp() * 1000)
    assert is_on_shift(Duty("1", "grid", "worker", "a", days=days), noon, TZ) is holds


def test_the_night_shift_of_the_last_workday_lasts_into_the_holiday() -> None:
    night = Duty("1", "grid", "worker", "a", from_minute=1320, to_minute=360, days=(DayType.WORKDAY,))
    three = int(datetime(2026, 10, 1, 3, tzinfo=TZ).timestamp() * 1000)
    assert is_on_shift(night, three, TZ)
    assert not is_on_shift(night, three + DAY, TZ)
