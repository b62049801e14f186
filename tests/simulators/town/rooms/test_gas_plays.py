"""Gas and carbon monoxide in one kitchen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from domain import MINUTE, SECOND
from simulators.models.gas import Room, room_after
from simulators.town.plays import Play
from simulators.town.rooms.gas_plays import Kitchen, Release, Stairs, play_gas

KITCHEN = Kitchen("gas-1", volume_m3=12.0, set_pct=8.0, delay_s=20.0)
HOSE = Release("软管脱落", gas_m3h=2.5, respond_s=600)


def first_alarm_s(play: Play) -> float:
    return next(report.after_ms for report in play.reports if report.values["alarm"]) / SECOND


def test_a_hose_leak_alarms_after_the_delay_and_notifies_a_minute_after_the_latest_delay() -> None:
    play = play_gas(KITCHEN, HOSE)
    reached_s = next(s for s in range(600) if room_after(Room(12.0, 0.00025), s, 2.5, 0.5).lel_pct >= 8.0)
    assert reached_s + 19 <= first_alarm_s(play) <= reached_s + 21
    assert play.notify_ms == (reached_s + 60 + 60) * SECOND


def test_the_valve_shuts_after_the_alarm_and_without_one_the_level_keeps_rising() -> None:
    with_valve, without = play_gas(KITCHEN, HOSE), play_gas(Kitchen("gas-1", has_valve=False), HOSE)
    assert max(float(report.values["lel_pct"]) for report in with_valve.reports) < 15
    assert max(float(report.values["lel_pct"]) for report in without.reports) > 60
    shut = next(report for report in with_valve.reports if report.values["valve_closed"])
    assert shut.after_ms / SECOND == first_alarm_s(with_valve) + 5
    assert all("valve_closed" not in report.values for report in without.reports)


def test_a_play_ends_when_the_air_is_clear_and_no_alarm_is_on() -> None:
    last = play_gas(KITCHEN, HOSE).reports[-1]
    assert not last.values["alarm"]
    assert float(last.values["lel_pct"]) < 5


def test_in_alarm_a_detector_reports_every_minute_and_changes_are_urgent() -> None:
    play = play_gas(KITCHEN, HOSE)
    alarms = [report for report in play.reports if report.values["alarm"]]
    assert all(after.after_ms - before.after_ms <= MINUTE for before, after in pairwise(alarms))
    urgent = [report.values["alarm"] for report in play.reports if report.urgent]
    assert urgent == [True, True, False]
    assert play.reports[0].after_ms == 0


def test_a_boil_over_that_is_lit_again_is_no_danger() -> None:
    play = play_gas(KITCHEN, Release("汤溢", gas_m3h=0.4, stops_s=80, then_air_changes_h=20))
    assert play.notify_ms is None
    assert not any(report.values["alarm"] for report in play.reports)


def test_a_poisoned_sensor_alarms_late_and_the_truth_does_not_wait_for_it() -> None:
    poisoned = Kitchen("gas-1", has_valve=False, sensitivity=0.3)
    late, usual = play_gas(poisoned, HOSE), play_gas(Kitchen("gas-1", has_valve=False), HOSE)
    assert first_alarm_s(late) > first_alarm_s(usual) + 60
    assert late.notify_ms == usual.notify_ms


def test_a_spark_in_the_flammable_range_ends_the_reports() -> None:
    play = play_gas(Kitchen("gas-1", has_valve=False), Release("爆燃", gas_m3h=2.6, ignites_pct=110, respond_s=1e9))
    assert play.truths[-1].what == "燃气爆燃"
    assert play.reports[-1].values["alarm"]
    assert play.reports[-1].values["lel_pct"] == 100.0
    assert play.notify_ms is not None
    assert play.notify_ms < play.ends_ms


def test_a_leak_in_the_stairwell_reaches_the_kitchens_with_more_exchange_first() -> None:
    plays = [
        play_gas(KITCHEN, Release("立管", behind_valve=False, stairs=Stairs(9.0, exchange_h=exchange), respond_s=1200))
        for exchange in (1.2, 0.8)
    ]
    assert first_alarm_s(plays[0]) < first_alarm_s(plays[1])


def test_a_blocked_flue_poisons_within_the_times_of_the_standard() -> None:
    play = play_gas(KITCHEN, Release("烟道堵塞", co_m3h=0.025, air_changes_h=0.6, respond_s=300))
    assert play.notify_ms is not None
    assert first_alarm_s(play) <= play.notify_ms / SECOND - 60
    assert max(float(report.values["co_ppm"]) for report in play.reports) > 100
    without_sensor = play_gas(Kitchen("gas-1", measures_co=False), Release("烟道堵塞", co_m3h=0.025, respond_s=300))
    assert all("co_ppm" not in report.values and not report.values["alarm"] for report in without_sensor.reports)


@pytest.mark.parametrize("step_s", [2, 5])
def test_the_length_of_the_step_changes_nothing_but_the_resolution(step_s: int) -> None:
    fine, coarse = play_gas(KITCHEN, HOSE), play_gas(KITCHEN, HOSE, step_s=step_s)
    assert abs(first_alarm_s(fine) - first_alarm_s(coarse)) <= 2 * step_s
