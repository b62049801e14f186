"""Absences, last-resort people, and hours on nights when the clocks change."""

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


def registry_with(*duties: Duty) -> Community:
    return community(cells=CELLS, people=PEOPLE, duties=duties)


def ids_on_duty(duties: tuple[Duty, ...], cell: str = "grid", role: Role = Role.WORKER, now: int = NOON) -> list[str]:
    return [person.id for person in on_duty(registry_with(*duties), cell, role, now, TZ)]


# -- absences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["street", "c", "grid"])
@pytest.mark.parametrize("role", [Role.WORKER, Role.LEAD])
def test_a_leave_registered_at_another_cell_or_role_applies(cell: str, role: Role) -> None:
    duty, deputy = Duty("1", "grid", Role.WORKER, "a"), Duty("2", "grid", Role.WORKER, "b", rank=1)
    absence = Duty("3", cell, role, "a", absent=True)
    assert ids_on_duty((duty, deputy, absence)) == ["b"]


def test_an_override_does_not_call_an_absent_person() -> None:
    override = Duty("1", "grid", Role.WORKER, "a", since=NOON - HOUR, until=NOON + HOUR)
    plain = Duty("2", "c", Role.WORKER, "b")
    absence = Duty("3", "street", Role.STREET, "a", since=NOON - DAY, until=NOON + DAY, absent=True)
    assert ids_on_duty((override, plain, absence)) == ["b"]


def test_an_absence_applies_at_its_hours_only() -> None:
    duty = Duty("1", "grid", Role.WORKER, "a")
    lunch = Duty("2", "street", Role.WORKER, "a", from_minute=12 * 60, to_minute=13 * 60, absent=True)
    assert ids_on_duty((duty, lunch)) == []
    assert ids_on_duty((duty, lunch), now=NOON + HOUR) == ["a"]


# -- the last resort ------------------------------------------------------------------------------------------------


def test_last_resort_people_are_called_in_order_without_absent_ones_unless_all_are() -> None:
    def last_resort_ids(*duties: Duty) -> list[str]:
        return [person.id for person in last_resort_people(registry_with(*duties), ("b", "nobody", "a", "b"), NOON, TZ)]

    absence = {name: Duty(name, "grid", Role.WORKER, name, absent=True) for name in ("a", "b")}
    assert last_resort_ids() == ["b", "a"]
    assert last_resort_ids(absence["b"]) == ["a"]
    assert last_resort_ids(absence["a"], absence["b"]) == ["b", "a"]
    assert last_resort_people(registry_with(), (), NOON, TZ) == []


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


@given(st.sampled_from(ZONE_NIGHTS), st.integers(0, 2 * 1440), st.lists(st.integers(0, 1439), min_size=1, unique=True))
def test_consecutive_shifts_have_no_gap_and_no_overlap_when_clocks_change(
    zone_and_night: tuple[str, tuple[int, int, int]], minutes: int, changes: list[int]
) -> None:
    zone, night = zone_and_night
    marks = sorted(changes)
    shifts = [
        Duty(str(index), "grid", Role.WORKER, "a", from_minute=begin, to_minute=end)
        for index, (begin, end) in enumerate(zip(marks, [*marks[1:], marks[0]], strict=True))
    ]
    now = int((datetime(*night, tzinfo=UTC) - timedelta(days=1)).timestamp() * 1000) + minutes * MINUTE
    assert sum(is_on_shift(shift, now, ZoneInfo(zone)) for shift in shifts) == 1


def test_a_night_shift_ends_at_its_hour_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    saturday_night = Duty("1", "g", Role.WORKER, "a", weekdays=(6,), from_minute=1320, to_minute=360)
    assert is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 5, 59), berlin)
    assert not is_on_shift(saturday_night, utc("Europe/Berlin", 2026, 10, 25, 6), berlin)
