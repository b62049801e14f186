"""Rotations: who works which shift in which turn, over midnight, holidays and clock changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.on_duty import assignments, on_duty, on_duty_ranked
from alerts.roster.shifts import rotation_turns
from domain import DAY, HOUR, MINUTE, DayType
from domain.rosters import Handover, Rotation, RotationLayer, Shift
from tests.alerts.roster.clock_changes import ZONE_NIGHTS
from tests.alerts.roster.roster_builders import EARLY, LATE, MIDDLE, TZ, at, layer, rotation, site


def working(turns: Rotation, now: int) -> list[str]:
    return [person.id for person in on_duty(site(rotations=[turns]), "g1", "worker", now, TZ)]


def test_a_weekly_rotation_hands_over_on_monday_at_eight() -> None:
    weekly = rotation(layer("abc", minute=480, every=7, weekday=1))
    assert working(weekly, at(11, 30, 7, 59)) == []  # before its start nobody is planned
    assert working(weekly, at(11, 30, 8)) == ["a"]
    assert working(weekly, at(12, 7, 7, 59)) == ["a"]
    assert [working(weekly, at(12, day, 8)) for day in (7, 14, 21, 28)] == [["b"], ["c"], ["a"], ["b"]]


def test_a_start_in_the_middle_of_a_week_makes_the_first_turn_shorter() -> None:
    weekly = rotation(layer("ab", start=date(2026, 12, 2), every=14, weekday=1))
    assert [working(weekly, at(12, day)) for day in (1, 2, 6, 7, 20, 21)] == [[], ["a"], ["a"], ["b"], ["b"], ["a"]]


def test_four_teams_in_three_shifts_move_from_early_to_middle_to_late_and_rest() -> None:
    turns = rotation(layer("abcd", EARLY, MIDDLE, Shift("晚", 1439, 481)))
    days = [[working(turns, at(12, day, hour)) for hour in (9, 17)] for day in (1, 2, 3)]
    # The team of the early shift works the middle one the day after, the next on the list takes over the early shift.
    assert days == [[["b"], ["a"]], [["c"], ["b"]], [["d"], ["c"]]]
    assert working(turns, at(12, 2, 3)) == ["d"]  # the night that began on 1 December at 23:59


def test_a_team_works_together_and_a_layer_of_another_rank_is_its_deputy() -> None:
    turns = rotation(layer(["ab", "c"]), layer("d", rank=1))
    ranked = on_duty_ranked(site(rotations=[turns]), "g1", "worker", at(11, 30, 12), TZ)
    assert [(rank, person.id) for rank, person in ranked] == [(0, "a"), (0, "b"), (1, "d")]


def test_a_night_shift_over_midnight_at_the_end_of_a_month_belongs_to_the_day_on_which_it_began() -> None:
    turns = rotation(layer("ab", Shift("夜", 1320, 480)))
    assert working(turns, at(12, 31, 23)) == working(turns, at(1, 1, 5, 59, year=2027))
    assert working(turns, at(1, 1, 6, year=2027)) == []
    (now,) = assignments(site(rotations=[turns]), "g1", "worker", at(12, 31, 23), TZ)
    assert (now.rotation, now.shift, now.scheduled) == ("r", "夜", now.person.id)


def test_a_handover_within_a_shift_takes_effect_with_the_next_shift() -> None:
    turns = rotation(layer("ab", Shift("夜", 1320, 600), minute=0))
    assert working(turns, at(12, 1, 7)) == working(turns, at(11, 30, 23)) == ["a"]


def test_shifts_for_workdays_and_rest_days_follow_holidays_and_makeup_workdays() -> None:
    start = date(2026, 9, 1)
    on_workdays = layer("a", Shift("", 0, 1440, days=(DayType.WORKDAY,)), start=start)
    else_ = layer("b", Shift("", 0, 1440, days=(DayType.REST_DAY,)), start=start)
    turns = rotation(on_workdays, else_)
    days = {9: {30: "a"}, 10: {1: "b", 7: "b", 8: "a", 10: "a", 11: "b"}}  # 10 October is a Saturday made a workday
    for month, expected in days.items():
        assert {day: working(turns, at(month, day, 12)) for day in expected} == {
            day: [who] for day, who in expected.items()
        }


def test_a_rotation_serves_several_cells_within_its_dates() -> None:
    turns = rotation(layer("a"), cells=("g1", "g2"), since=at(12, 1, 12), until=at(12, 2))
    community = site(rotations=[turns])
    for cell in ("g1", "g2"):
        assert [len(on_duty(community, cell, "worker", at(12, *when), TZ)) for when in ((1, 11), (1, 12), (2, 0))] == [
            0, 1, 0,
        ]  # fmt: skip
    assert on_duty(community, "c", "worker", at(12, 1, 12), TZ) == []
    assert on_duty(community, "g1", "lead", at(12, 1, 12), TZ) == []


@pytest.mark.parametrize("length", [90, 8 * 60, 36 * 60])
def test_shifts_may_have_any_length(length: int) -> None:
    turns = rotation(layer("a", Shift("", 600, length), start=date(2026, 12, 1), every=100))
    first = at(12, 1, 10)
    assert [working(turns, first + offset) for offset in (-1, 0, min(length, 1440) * MINUTE - 1)] == [[], ["a"], ["a"]]


@given(
    st.sampled_from(ZONE_NIGHTS),
    st.lists(st.integers(0, 1439), min_size=1, max_size=5, unique=True),
    st.integers(1, 5),
    st.integers(1, 10),
    st.integers(0, 1439),
)
def test_consecutive_shifts_of_a_rotation_have_no_gap_and_no_overlap_in_any_zone(
    zone_and_night: tuple[str, tuple[int, int, int]], marks: list[int], teams: int, every: int, minute: int
) -> None:
    tz, night = ZoneInfo(zone_and_night[0]), date(*zone_and_night[1])
    changes = sorted(marks)
    shifts = tuple(
        Shift(str(number), begin, (end - begin) % 1440 or 1440)
        for number, (begin, end) in enumerate(zip(changes, [*changes[1:], changes[0]], strict=True))
    )
    handover = Handover(night - timedelta(days=20), minute, every)
    turns = Rotation(
        "r", "r", ("g1",), "worker", (RotationLayer(0, tuple((str(n),) for n in range(teams)), shifts, handover),)
    )
    middle = int(datetime.combine(night, datetime.min.time(), tzinfo=tz).timestamp() * 1000)
    since, until = middle - DAY, middle + 2 * DAY
    found = sorted((turn.begin, turn.end) for turn in rotation_turns(turns, since, until, tz))
    assert found[0][0] <= since
    assert found[-1][1] >= until
    assert all(first[1] == second[0] for first, second in pairwise(found))
    assert all(HOUR * 30 >= end - begin > 0 for begin, end in found)


def test_late_shift_at_midnight_begins_the_day() -> None:
    turns = rotation(layer("abc", EARLY, MIDDLE, LATE))
    assert working(turns, at(12, 1, 0)) == ["c"]
