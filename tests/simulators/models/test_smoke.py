"""Fire growth, smoke and the smoke alarm."""

from __future__ import annotations

import doctest

import pytest

import simulators.models.smoke
from simulators.models.smoke import (
    GROWTH_TIME_S,
    NOMINAL_OD_M,
    Fire,
    SmokeDetector,
    burning_g_s,
    ceiling_c,
    heat_kw,
    od_after,
    smoke_detector_after,
)


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.smoke).failed == 0


@pytest.mark.parametrize(("growth", "seconds"), GROWTH_TIME_S.items())
def test_heat_grows_with_the_square_of_time_until_the_peak(growth: str, seconds: float) -> None:
    fire = Fire(growth, 0.1, peak_kw=5_000.0)
    assert heat_kw(fire, seconds) == pytest.approx(1055.0)
    assert heat_kw(fire, 2 * seconds) == pytest.approx(4 * heat_kw(fire, seconds))
    assert heat_kw(fire, 10 * seconds) == 5_000.0


def test_smoke_of_a_closed_room_is_the_burnt_mass_times_its_optical_density() -> None:
    fire, od_m, burnt = Fire("fast", 0.2), 0.0, 0.0
    for second in range(60):
        od_m = od_after(od_m, fire, second, 40.0, 0.0, 1.0)
        burnt += burning_g_s(fire, second + 0.5)
    assert od_m == pytest.approx(0.2 * burnt / 40.0)
    assert od_after(od_m, Fire(None, 0.0), 0.0, 40.0, 10.0, 3600.0) < od_m / 1000


def test_a_smouldering_fire_burns_evenly_and_is_hardly_warm() -> None:
    fire = Fire(None, 0.2, smoulder_g_s=0.05)
    assert burning_g_s(fire, 10.0) == burning_g_s(fire, 1000.0) == 0.05
    assert ceiling_c(heat_kw(fire, 1000.0)) < 25


def test_a_detector_follows_the_smoke_with_its_lag_and_clears_at_half_the_threshold() -> None:
    detector = SmokeDetector(NOMINAL_OD_M, lag_s=25.0)
    after_lag = smoke_detector_after(detector, 0.1, 25.0)
    assert after_lag.inside_m == pytest.approx(0.1 * 0.632, rel=1e-3)
    assert not after_lag.alarming
    alarming = smoke_detector_after(after_lag, 0.2, 25.0)
    assert alarming.alarming
    assert smoke_detector_after(alarming, 0.04, 100.0).alarming
    assert not smoke_detector_after(alarming, 0.0, 100.0).alarming
