"""Local time never goes back: skipped and repeated hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.local_clock import instant_of, local_time
from domain import MINUTE
from tests.alerts.roster.clock_changes import ZONE_NIGHTS, utc

BERLIN = ZoneInfo("Europe/Berlin")


def wall(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[arg-type, misc]


def test_a_skipped_hour_begins_when_the_clocks_change_and_a_repeated_one_with_its_first_occurrence() -> None:
    change = utc("Europe/Berlin", 2026, 3, 29, 3)
    assert [instant_of(wall(2026, 3, 29, *clock), BERLIN) for clock in ((2, 0), (2, 59), (3, 0))] == [change] * 3
    assert instant_of(wall(2026, 10, 25, 2, 30), BERLIN) == utc("Europe/Berlin", 2026, 10, 25, 2, 30)


def test_during_a_repeated_hour_local_time_stands_at_its_end() -> None:
    second = utc("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1)
    assert local_time(second, BERLIN) == wall(2026, 10, 25, 3) - timedelta(microseconds=1)
    assert local_time(second + 30 * MINUTE, BERLIN) == wall(2026, 10, 25, 3)


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440), st.integers(0, 2 * 1440))
def test_local_time_never_goes_back_and_its_first_instant_is_found(
    zone_and_night: tuple[str, tuple[int, int, int]], minutes: int, later: int
) -> None:
    zone, night = ZoneInfo(zone_and_night[0]), zone_and_night[1]
    first = int((datetime(*night, tzinfo=UTC) - timedelta(days=1)).timestamp() * 1000) + minutes * MINUTE
    second = first + later * MINUTE
    assert local_time(first, zone) <= local_time(second, zone)
    local = wall(*night) + timedelta(minutes=minutes - 1440)
    begin = instant_of(local, zone)
    assert local_time(begin - MINUTE, zone) < local <= local_time(begin, zone)
