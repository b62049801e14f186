"""The end of quiet hours, also on nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.escalation.policy import QuietHours
from alerts.escalation.quiet_hours import end_of_quiet_hours
from domain import HOUR, MINUTE
from tests.alerts.roster.clock_changes import ZONE_NIGHTS, utc


@pytest.mark.parametrize(("zone", "night"), ZONE_NIGHTS)
def test_quiet_hours_end_at_eight_local_time_also_when_clocks_change(zone: str, night: tuple[int, int, int]) -> None:
    evening = utc(zone, *night, 0) - 2 * HOUR
    assert end_of_quiet_hours(evening, QuietHours(from_minute=1260, to_minute=480), ZoneInfo(zone)) == utc(
        zone, *night, 8
    )


def test_quiet_hours_that_end_in_a_skipped_hour_end_when_the_clocks_change() -> None:
    berlin, quiet = ZoneInfo("Europe/Berlin"), QuietHours(from_minute=1260, to_minute=150)
    assert end_of_quiet_hours(utc("Europe/Berlin", 2026, 3, 29, 1, 30), quiet, berlin) == utc(
        "Europe/Berlin", 2026, 3, 29, 3
    )


def test_quiet_hours_that_end_in_a_repeated_hour_end_twice() -> None:
    berlin, quiet = ZoneInfo("Europe/Berlin"), QuietHours(from_minute=1260, to_minute=150)
    first, second = (utc("Europe/Berlin", 2026, 10, 25, 2, 30, fold=fold) for fold in (0, 1))
    assert end_of_quiet_hours(first - HOUR, quiet, berlin) == first
    assert end_of_quiet_hours(second - 20 * MINUTE, quiet, berlin) == second


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440 - 1), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_end_at_the_first_minute_outside_them(
    zone_and_night: tuple[str, tuple[int, int, int]], minutes: int, begin: int, end: int
) -> None:
    zone, night = zone_and_night
    tz, quiet = ZoneInfo(zone), QuietHours(from_minute=begin, to_minute=end)
    now = int((datetime(*night, tzinfo=UTC) - timedelta(days=1)).timestamp() * 1000) + minutes * MINUTE

    def is_quiet(at: int) -> bool:
        local = datetime.fromtimestamp(at / 1000, tz)
        minute = local.hour * 60 + local.minute
        return begin <= minute < end if begin <= end else minute >= begin or minute < end

    expected = now
    while is_quiet(expected):
        expected += MINUTE
    assert end_of_quiet_hours(now, quiet, tz) == expected
    assert end_of_quiet_hours(expected, quiet, tz) == expected
