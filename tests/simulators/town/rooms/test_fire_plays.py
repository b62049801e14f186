"""Smoke and fire in one room."""

from __future__ import annotations

from domain import MINUTE, SECOND
from simulators.models.smoke import Fire
from simulators.town.plays import Play
from simulators.town.rooms.fire_plays import Blaze, SmokeRoom, play_panel, play_smoke

ROOM = SmokeRoom("smoke-1", volume_m3=40.0, measures_heat=True)
MEDIUM = Blaze("起火", Fire("medium", 0.1))


def alarms_s(play: Play) -> list[float]:
    return [report.after_ms / SECOND for report in play.reports if report.values["alarm"]]


def test_a_growing_fire_alarms_within_two_minutes_and_destroys_the_detector() -> None:
    play = play_smoke(ROOM, MEDIUM)
    assert 40 <= alarms_s(play)[0] <= 120
    assert play.reports[-1].values["alarm"]
    assert play.ends_ms == 1500 * SECOND
    assert float(play.reports[0].values["temp_c"]) > 30


def test_a_working_detector_always_alarms_before_a_person_has_to_be_notified() -> None:
    for lag_s in (10.0, 25.0, 45.0):
        for growth in ("slow", "fast", "ultra_fast"):
            play = play_smoke(SmokeRoom("smoke-1", lag_s=lag_s), Blaze("起火", Fire(growth, 0.1)))
            assert play.notify_ms is not None
            assert alarms_s(play)[0] * SECOND + MINUTE <= play.notify_ms


def test_smouldering_takes_minutes_and_the_alarm_is_repeated_until_the_air_is_clear() -> None:
    play = play_smoke(ROOM, Blaze("阴燃", Fire(None, 0.2, smoulder_g_s=0.05), out_s=1800))
    assert 180 < alarms_s(play)[0] < 600
    assert len(alarms_s(play)) > 4
    assert not play.reports[-1].values["alarm"]


def test_smoke_that_climbs_the_stairs_alarms_later_and_burns_no_detector() -> None:
    climbed = play_smoke(SmokeRoom("smoke-2", hot=False, reached_s=60, part=0.4), MEDIUM)
    assert alarms_s(climbed)[0] > alarms_s(play_smoke(ROOM, MEDIUM))[0] + 50
    assert not climbed.reports[-1].values["alarm"]
    assert "temp_c" not in climbed.reports[0].values


def test_clean_air_alarms_nobody() -> None:
    play = play_smoke(ROOM, Blaze("无", Fire(None, 0.1, smoulder_g_s=0.0), out_s=60))
    assert (play.reports, play.notify_ms) == ((), None)


def test_a_fire_panel_follows_its_detectors_and_is_reset() -> None:
    play = play_panel("panel-1", 30 * SECOND, 20 * MINUTE)
    assert [(report.after_ms, report.values["alarm"]) for report in play.reports] == [
        (40 * SECOND, True),
        (20 * MINUTE, False),
    ]
