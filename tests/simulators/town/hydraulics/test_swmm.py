"""Sewers by SWMM: levels rise with the rain, and behind a closed pipe. Skipped without the dependency group `town`."""

import pytest

pytest.importorskip("pyswmm")

from simulators.models.rain import STORMS
from simulators.town.hydraulics.swmm import BLOCKED_STEPS, STORM_STEPS, compute_sewers
from simulators.town.networks import Content, Manhole, SewerLine

MANHOLES = tuple(Manhole(f"m{number}", "c1", 1800) for number in range(1, 5))


def test_a_cloudburst_fills_an_old_rain_sewer_to_the_rim_and_light_rain_does_not() -> None:
    (levels,) = compute_sewers([SewerLine("rain", "c1", Content.RAIN, MANHOLES, 20_000.0, True)])
    peaks = {name: max(map(max, series)) for name, series in levels.storms_mm.items()}
    assert [peaks[name] for name in STORMS] == sorted(peaks.values())
    assert peaks["light"] < 100 < 1500 < peaks["cloudburst_50a"] <= 1800
    assert {len(series) for series in levels.storms_mm["light"]} == {STORM_STEPS}


def test_sewage_backs_up_behind_a_closed_pipe() -> None:
    (levels,) = compute_sewers([SewerLine("foul", "c1", Content.FOUL, MANHOLES, 80_000.0, True)])
    assert levels.blocked == "m4"
    assert max(levels.blocked_mm[3]) > 1500 > 100 > max(levels.dry_mm[3])
    assert len(levels.blocked_mm[0]) == BLOCKED_STEPS


def test_a_town_without_manholes_has_no_sewers() -> None:
    assert compute_sewers([]) == ()
