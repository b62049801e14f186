"""Who is away is called nowhere, somebody is always left to call, and hours are right on nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.escalation.policy import QuietHours
from alerts.escalation.roster import end_of_quiet_hours, is_on_shift, last_resort_people, on_duty
from domain import DAY, HOUR, MINUTE, Cell, Duty, Person, Role
from domain.people import Community, community

TZ = ZoneInfo("Asia/Shanghai")
NOON = int(datetime(2026, 1, 2, 12, tzinfo=TZ).timestamp() * 1000)
CELLS = [Cell("street", "街道", "street"), Cell("c", "社区", "community", "street"), Cell("grid", "网格", "grid", "c")]
PEOPLE = [Person("a", "甲", "19900000001"), Person("b", "乙", "19900000002"), Person("c", "丙", "19900000003")]


def town(*duties: Duty) -> Community:
    return community(cells=CELLS, people=PEOPLE, duties=duties)


def on(duties: tuple[Duty, ...], cell: str = "grid", role: Role = Role.WORKER, now: int = NOON) -> list[str]:
    return [person.id for person in on_duty(town(*duties), cell, role, now, TZ)]


# -- an absence is of the person ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["street", "c", "grid"])
@pytest.mark.parametrize("role", [Role.WORKER, Role.LEAD])
def test_a_worker_on_leave_was_called_because_the_leave_stood_at_another_cell_or_role(cell: str, role: Role) -> None:
    here, deputy = Duty("1", "grid", Role.WORKER, "a"), Duty("2", "grid", Role.WORKER, "b", rank=1)
    away = Duty("3", cell, role, "a", absent=True)
    assert on((here, deputy, away)) == ["b"]


def test_an_override_does_not_call_somebody_who_is_away_either() -> None:
    override = Duty("1", "grid", Role.WORKER, "a", since=NOON - HOUR, until=NOON + HOUR)
    plain = Duty("2", "c", Role.WORKER, "b")
    away = Duty("3", "street", Role.STREET, "a", since=NOON - DAY, until=NOON + DAY, absent=True)
    assert on((override, plain, away)) == ["b"]


def test_an_absence_holds_at_its_hours_only() -> None:
    here = Duty("1", "grid", Role.WORKER, "a")
    lunch = Duty("2", "street", Role.WORKER, "a", from_minute=12 * 60, to_minute=13 * 60, absent=True)
    assert on((here, lunch)) == []
    assert on((here, lunch), now=NOON + HOUR) == ["a"]


# -- the last resort ------------------------------------------------------------------------------------------------


def test_the_last_resort_is_called_in_its_order_and_who_is_away_is_left_out_unless_all_are() -> None:
    def called(*duties: Duty) -> list[str]:
        return [person.id for person in last_resort_people(town(*duties), ("b", "nobody", "a", "b"), NOON, TZ)]

    away = {name: Duty(name, "grid", Role.WORKER, name, absent=True) for name in ("a", "b")}
    assert called() == ["b", "a"]
    assert called(away["b"]) == ["a"]
    assert called(away["a"], away["b"]) == ["b", "a"]
    assert last_resort_people(town(), (), NOON, TZ) == []


# -- nights on which clocks change ----------------------------------------------------------------------------------

NIGHTS = {
    "Europe/Berlin": ((2026, 3, 29), (2026, 10, 25)),
    "America/New_York": ((2026, 3, 8), (2026, 11, 1)),
    "Australia/Lord_Howe": ((2026, 4, 5), (2026, 10, 4)),  # by half an hour
    "Australia/Adelaide": ((2026, 4, 5), (2026, 10, 4)),
    "America/St_Johns": ((2026, 3, 8), (2026, 11, 1)),
    "Asia/Kolkata": ((2026, 3, 29),),
    "Asia/Shanghai": ((2026, 3, 29),),
}
ZONE_NIGHTS = [(zone, night) for zone, nights in NIGHTS.items() for night in nights]


def utc(zone: str, *when: int, fold: int = 0) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(("zone", "night"), ZONE_NIGHTS)
def test_quiet_hours_end_at_eight_by_the_clock_on_the_wall_also_when_clocks_change(
    zone: str, night: tuple[int, int, int]
) -> None:
    evening = utc(zone, *night, 0) - 2 * HOUR
    assert end_of_quiet_hours(evening, QuietHours(from_minute=1260, to_minute=480), ZoneInfo(zone)) == utc(
        zone, *night, 8
    )


def test_quiet_hours_that_would_end_in_the_hour_that_does_not_occur_end_when_clocks_are_put_forward() -> None:
    berlin, quiet = ZoneInfo("Europe/Berlin"), QuietHours(from_minute=1260, to_minute=150)
    assert end_of_quiet_hours(utc("Europe/Berlin", 2026, 3, 29, 1, 30), quiet, berlin) == utc(
        "Europe/Berlin", 2026, 3, 29, 3
    )


def test_in_the_hour_that_occurs_twice_the_clock_on_the_wall_counts_both_times() -> None:
    berlin, quiet = ZoneInfo("Europe/Berlin"), QuietHours(from_minute=1260, to_minute=150)
    first, second = (utc("Europe/Berlin", 2026, 10, 25, 2, 30, fold=fold) for fold in (0, 1))
    assert end_of_quiet_hours(first - HOUR, quiet, berlin) == first
    assert end_of_quiet_hours(second - 20 * MINUTE, quiet, berlin) == second


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440 - 1), st.integers(0, 1439), st.integers(0, 1439))
def test_after_quiet_hours_is_the_first_minute_outside_them(
    where: tuple[str, tuple[int, int, int]], minutes: int, begin: int, end: int
) -> None:
    zone, night = where
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


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440), st.lists(st.integers(0, 1439), min_size=1, unique=True))
def test_shifts_that_follow_each_other_leave_no_gap_and_do_not_overlap_when_clocks_change(
    where: tuple[str, tuple[int, int, int]], minutes: int, changes: list[int]
) -> None:
    zone, night = where
    marks = sorted(changes)
    shifts = [
        Duty(str(index), "grid", Role.WORKER, "a", from_minute=begin, to_minute=end)
        for index, (begin, end) in enumerate(zip(marks, [*marks[1:], marks[0]], strict=True))
    ]
    now = int((datetime(*night, tzinfo=UTC) - timedelta(days=1)).timestamp() * 1000) + minutes * MINUTE
    assert sum(is_on_shift(shift, now, ZoneInfo(zone)) for shift in shifts) == 1


def test_the_night_shift_of_the_day_before_lasts_to_its_hour_when_clocks_are_put_back() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    saturday_night = Duty("1", "g", Role.WORKER, "a", weekdays=(6,), from_minute=1320, to_minute=360)
    assert is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 5, 59), berlin)
    assert not is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 6), berlin)
