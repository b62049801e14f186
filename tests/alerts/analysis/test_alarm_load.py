"""Alarm load of an operator position against ISA-18.2 and EEMUA 191."""

from __future__ import annotations

import pytest

from alerts.analysis.alarm_load import LoadLevel, alarm_load, chattering
from alerts.analysis.facts import FindingBegin
from domain import DAY, HOUR, MINUTE, SECOND

T0 = 1_795_269_900_000


def test_a_day_of_one_alarm_each_ten_minutes_is_acceptable_and_two_positions_share_what_one_could_not() -> None:
    quiet = alarm_load([T0 + n * 10 * MINUTE for n in range(144)], T0, T0 + DAY, operators=1)
    assert (quiet.alarms, quiet.per_ten_minutes, quiet.per_day, quiet.level) == (144, 1.0, 144.0, LoadLevel.ACCEPTABLE)
    assert (quiet.peak_minute, quiet.peak_ten_minutes, quiet.flood, quiet.over_ten) == (1, 1, 0.0, 0.0)
    busy = [T0 + n * 3 * MINUTE for n in range(480)]
    assert alarm_load(busy, T0, T0 + DAY, operators=1).level is LoadLevel.OVERLOADED
    assert alarm_load(busy, T0, T0 + DAY, operators=2).level is LoadLevel.MANAGEABLE


def test_a_flood_begins_above_ten_alarms_and_ends_when_fewer_than_five_come_in_ten_minutes() -> None:
    counts = [0, 11, 7, 5, 4, 6, 0, 12]
    alarms = [T0 + window * 10 * MINUTE + n * SECOND for window, count in enumerate(counts) for n in range(count)]
    load = alarm_load(alarms, T0, T0 + len(counts) * 10 * MINUTE, operators=1)
    assert load.floods == 2
    assert load.flood == 4 / 8  # the windows with 11, 7, 5 and 12: six after a calm window is no flood
    assert load.over_ten == 2 / 8
    assert load.peak_ten_minutes == load.peak_minute == 12


def test_hours_with_more_than_thirty_alarms_are_a_share_of_all_hours() -> None:
    alarms = [T0 + n * MINUTE for n in range(31)]
    assert alarm_load(alarms, T0, T0 + 4 * HOUR, operators=1).busy_hours == 0.25
    assert alarm_load([], T0, T0, operators=0).per_ten_minutes == 0.0


@pytest.mark.parametrize(("gap_s", "found"), [(30, True), (31, False)])
def test_an_alarm_that_begins_three_times_within_a_minute_is_chattering(gap_s: int, found: bool) -> None:
    begun = [FindingBegin(T0 + n * gap_s * SECOND, "gas-alarm", "gas-402", None) for n in range(4)]
    others = [FindingBegin(T0 + n, "home-welfare", None, None) for n in range(4)]
    others.append(FindingBegin(T0, "band-fall", "band-1", None))
    assert chattering([*reversed(begun), *others]) == ({("gas-alarm", "gas-402"): 4} if found else {})
