"""Carbon monoxide: the room, and the dose that raises the alarm."""

from __future__ import annotations

import doctest

import pytest

import simulators.models.carbon_monoxide
from simulators.models.carbon_monoxide import CHARCOAL_M3H_PER_KW, Dose, dose_after, ppm_after


def minutes_until(ppm: float) -> tuple[float, float]:
    """When a detector alarms, and when the standard demands it, at a constant level."""
    dose, seconds, alarm, latest = Dose(), 0, 0.0, 0.0
    while not latest and seconds < 4 * 3600:
        seconds += 5
        dose = dose_after(dose, ppm, 5.0)
        alarm = alarm or (seconds / 60 if dose.alarms else 0.0)
        latest = seconds / 60 if dose.is_dangerous else 0.0
    return alarm, latest


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.carbon_monoxide).failed == 0


def test_a_detector_alarms_within_the_times_of_en_50291() -> None:
    assert minutes_until(29.0) == (0.0, 0.0)
    alarm, latest = minutes_until(30.0)
    assert (alarm >= 120, latest) == (True, 0.0)
    for ppm, earliest, limit in ((50.0, 60.0, 90.0), (100.0, 10.0, 40.0), (300.0, 0.0, 3.1)):
        alarm, latest = minutes_until(ppm)
        assert earliest <= alarm <= latest
        assert latest == pytest.approx(limit, abs=0.2)


def test_the_dose_falls_back_in_clean_air() -> None:
    dose = Dose(latest=0.9, usual=1.4)
    assert dose_after(dose, 5.0, 60.0).usual == pytest.approx(0.9)
    assert dose_after(dose, 5.0, 3600.0) == Dose(0.0, 0.0)


def test_a_brazier_of_3_kw_in_a_closed_bedroom_is_deadly_within_two_hours() -> None:
    """BfR measured more than 3,000 ppm from 800 g of embers within two hours in 19 m³ without ventilation."""
    release_m3h = 3.0 * CHARCOAL_M3H_PER_KW[0]
    assert 2_000 < ppm_after(0.0, 19.0, release_m3h, 0.1, 2 * 3600) < 4_000
    assert ppm_after(1000.0, 19.0, 0.0, 15.0, 900.0) < 30
